package console

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// How long a login lasts.
const (
	idleLife   = 30 * time.Minute
	wholeLife  = 12 * time.Hour
	touchEvery = time.Minute      // so that reading pages hardly writes
	proofLife  = 15 * time.Minute // how long a password given opens what needs it again
)

// session is a login as a request brings it.
type session struct {
	store.Login
	person store.Person
	csrf   string // what every form of this login carries
}

// cookieName is bound to this host where the browser can do that.
func (c *console) cookieName() string {
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

// session finds the login of a request; nil if there is none that holds.
func (c *console) session(r *http.Request) (*session, error) {
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
	if now.Sub(login.SeenAt) >= touchEvery {
		if err := c.store.TouchLogin(ctx, login.Hash, now, false); err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	return &session{login, person, csrfOf(cookie.Value)}, nil
}

// begin logs a person in: with an id of its own, whatever the browser brought.
func (c *console) begin(w http.ResponseWriter, r *http.Request, person string) error {
	if old, err := r.Cookie(c.cookieName()); err == nil {
		if err := c.store.EndLogin(r.Context(), people.Digest(old.Value)); err != nil {
			return err
		}
	}
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand stops the program instead
	secret, now := base64.RawURLEncoding.EncodeToString(b[:]), c.now()
	err := c.store.CreateLogin(r.Context(), store.Login{
		Hash: people.Digest(secret), Person: person, Address: addressOf(r), Agent: platform.Words(cut(r.UserAgent(), 300)),
		ProvedAt: now, SeenAt: now, EndsAt: now.Add(wholeLife), CreatedAt: now,
	})
	if err != nil {
		return err
	}
	c.setCookie(w, secret, int(wholeLife/time.Second))
	return nil
}

func (c *console) setCookie(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: Secure is off on plain http only, which only loopback may have
		Name: c.cookieName(), Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: c.secure,
	})
}

// owns reports whether a form was made for this login.
func (s *session) owns(form string) bool {
	return subtle.ConstantTimeCompare([]byte(form), []byte(s.csrf)) == 1
}

// proved reports whether the person has shown lately who they are.
func (s *session) proved(now time.Time) bool { return now.Sub(s.ProvedAt) < proofLife }

// viewer is a person as the engine knows callers. What wants more than a scope is guarded by the routes.
func viewer(p store.Person) gk.Viewer {
	return gk.Viewer{Key: p.ID, Scopes: people.Scopes(p.Role)}
}

// addressOf is where a request came from, as far as this process can know.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func cut(text string, n int) string {
	if len(text) > n {
		return text[:n]
	}
	return text
}

// act writes what somebody did into the log, with who and from where.
func (c *console) act(ctx context.Context, v *visit, what string, about ...any) {
	c.log.InfoContext(ctx, "console", append([]any{"act", what, "person", v.person.ID, "name", v.person.Name, "address", addressOf(v.r)}, about...)...)
}
