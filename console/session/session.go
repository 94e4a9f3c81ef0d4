// Package session finds, begins and ends the logins of the console, and slows down who guesses.
package session

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// How long a login lasts.
const (
	idleLife   = 30 * time.Minute
	touchEvery = time.Minute      // so that reading pages hardly writes
	proofLife  = 15 * time.Minute // how long a password given opens what needs it again
)

// Life is how long a login lasts at most. Whom an identity provider knows goes back to it every hour: it lets in whoever it still
// knows without a question, and whom it has put out stays out.
const (
	Life         = 12 * time.Hour
	ProviderLife = time.Hour
)

// Session is a login as a request brings it.
type Session struct {
	store.Login
	Person store.Person
	CSRF   string // what every form of this login carries
}

// Sessions finds, begins and ends logins.
type Sessions struct {
	store  store.Store
	now    func() time.Time
	secure bool // the console is reached by https
}

// cookieName is bound to this host where the browser can do that.
func (c *Sessions) cookieName() string {
	if c.secure {
		return "__Host-gk"
	}
	return "gk"
}

// csrfOf derives the text that forms carry from the cookie, so that nothing more is kept and none outlives its login.
func csrfOf(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("grantkeep console form"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
}

// Unasked is the header of a request that a page makes by itself. It does not keep a login alive: who has left is logged out.
const Unasked = "Grantkeep-Live"

// Of finds the login of a request; nil if there is none that holds.
func (c *Sessions) Of(r *http.Request) (*Session, error) {
	cookie, err := r.Cookie(c.cookieName())
	if err != nil || len(cookie.Value) != 43 {
		return nil, nil //nolint:nilnil,nilerr // nobody is logged in, which is no error
	}
	ctx, now := r.Context(), c.now()
	login, err := c.store.Login(ctx, people.Digest(cookie.Value))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil //nolint:nilnil // as above
	}
	if err != nil {
		return nil, err
	}
	if !login.EndsAt.After(now) || now.Sub(login.SeenAt) > idleLife {
		return nil, c.store.EndLogin(ctx, login.Hash)
	}
	person, err := c.store.Person(ctx, login.Person)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil //nolint:nilnil // as above
	}
	if err != nil {
		return nil, err
	}
	if now.Sub(login.SeenAt) >= touchEvery && r.Header.Get(Unasked) == "" && r.Header.Get("Accept") != "text/event-stream" {
		if err := c.store.TouchLogin(ctx, login.Hash, now, false); err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	return &Session{login, person, csrfOf(cookie.Value)}, nil
}

// Begin logs a person in: with an id of its own, whatever the browser brought. Proved is when they showed who they are; zero: they have
// to, before they do what needs it.
func (c *Sessions) Begin(w http.ResponseWriter, r *http.Request, person string, proved time.Time, life time.Duration) error {
	if old, err := r.Cookie(c.cookieName()); err == nil {
		if err := c.store.EndLogin(r.Context(), people.Digest(old.Value)); err != nil {
			return err
		}
	}
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand stops the program instead
	secret, now := base64.RawURLEncoding.EncodeToString(b[:]), c.now()
	err := c.store.CreateLogin(r.Context(), store.Login{
		Hash: people.Digest(secret), Person: person, Address: AddressOf(r), Agent: platform.Words(frame.Cut(r.UserAgent(), 300)),
		ProvedAt: proved, SeenAt: now, EndsAt: now.Add(life), CreatedAt: now,
	})
	if err != nil {
		return err
	}
	c.SetCookie(w, secret, int(life/time.Second))
	return nil
}

func (c *Sessions) SetCookie(w http.ResponseWriter, value string, age int) {
	c.set(w, c.cookieName(), value, age)
}

func (c *Sessions) set(w http.ResponseWriter, name, value string, age int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: Secure is off on plain http only, which only loopback may have
		Name: name, Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: c.secure,
	})
}

// wayName is the cookie of somebody who is on the way to an identity provider and back.
func (c *Sessions) wayName() string { return c.cookieName() + "-way" }

// SetWay has a browser bring something back from an identity provider.
func (c *Sessions) SetWay(w http.ResponseWriter, value string, age int) {
	c.set(w, c.wayName(), value, age)
}

// Way is what a browser brings back; empty: nothing.
func (c *Sessions) Way(r *http.Request) string {
	cookie, err := r.Cookie(c.wayName())
	if err != nil {
		return ""
	}
	return cookie.Value
}

// Owns reports whether a form was made for this login.
func (s *Session) Owns(form string) bool {
	return subtle.ConstantTimeCompare([]byte(form), []byte(s.CSRF)) == 1
}

// Proved reports whether the person has shown lately who they are.
func (s *Session) Proved(now time.Time) bool { return now.Sub(s.ProvedAt) < proofLife }

// AddressOf is where a request came from, as far as this process can know.
func AddressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func New(s store.Store, now func() time.Time, secure bool) *Sessions {
	return &Sessions{store: s, now: now, secure: secure}
}
