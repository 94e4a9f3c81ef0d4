package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	gk "github.com/grantkeep/grantkeep"
)

const (
	trusted = 30 * time.Second // how long a token is given out before the server is asked whether it still stands
	retried = time.Second      // and when to ask again where it could not be asked
)

// Source is an [oauth2.TokenSource] of one grant. It keeps the token that the server gave and gives it out for half a
// minute without asking; then it asks whether it still stands, which costs the server no refresh and no body. A token
// that the server takes back (the grant is revoked, held or needs the merchant) is dropped at once. While the server
// cannot be asked, a token that has not ended is given out on. A Source never refreshes anything itself, and is safe for
// concurrent use.
type Source struct {
	client *Client
	grant  string
	ctx    context.Context //nolint:containedctx // oauth2.TokenSource has no place for it, and oauth2's own sources keep it too

	fresh   atomic.Pointer[heldToken] // given out without asking; a timer takes it away, so that no read looks at a clock
	asking  sync.Mutex
	held    *heldToken // the last one, which may still stand; under asking, as is refused
	refused int64      // generation that the platform has refused
}

// heldToken never changes.
type heldToken struct {
	token      oauth2.Token
	generation int64
}

var _ oauth2.TokenSource = (*Source)(nil)

// TokenSource returns the source of a grant's tokens; ctx bounds all its requests.
func (c *Client) TokenSource(ctx context.Context, grant string) *Source {
	return &Source{client: c, grant: grant, ctx: ctx}
}

// Token returns the present access token, which the caller must not change. Errors are *Problem where the server spoke.
func (s *Source) Token() (*oauth2.Token, error) {
	if h := s.fresh.Load(); h != nil {
		return &h.token, nil
	}
	s.asking.Lock()
	defer s.asking.Unlock()
	if h := s.fresh.Load(); h != nil {
		return &h.token, nil // somebody else has asked meanwhile
	}
	return s.ask()
}

// Refused tells that the platform has just refused a token, so that the next call of Token brings a newer one. For a
// token that is not the present one it does nothing.
func (s *Source) Refused(t *oauth2.Token) {
	s.asking.Lock()
	defer s.asking.Unlock()
	if s.held != nil && t != nil && s.held.token.AccessToken == t.AccessToken {
		s.refused = s.held.generation
		s.drop()
	}
}

func (s *Source) drop() {
	s.fresh.Store(nil)
	s.held = nil
}

// ask reads the token from the server, or learns that the one held still stands.
func (s *Source) ask() (*oauth2.Token, error) {
	t, changed, err := s.client.tokenSince(s.ctx, s.grant, s.refused, s.held)
	var p *Problem
	switch {
	case err == nil && !changed:
		return s.trust(s.held, trusted), nil
	case err == nil:
		s.refused = 0
		got := &heldToken{oauth2.Token{AccessToken: t.AccessToken.Reveal(), Expiry: t.ExpiresAt.Time}, t.Generation}
		if t.Stale { // all there is for now: a better one may come any moment
			return s.trust(got, retried), nil
		}
		return s.trust(got, trusted), nil
	case errors.As(err, &p) && p.Status < http.StatusInternalServerError && p.Status != http.StatusTooManyRequests:
		s.drop()
		return nil, err
	case s.held != nil && (s.held.token.Expiry.IsZero() || time.Now().Before(s.held.token.Expiry)):
		return s.trust(s.held, retried), nil
	}
	return nil, err
}

// trust gives a token out without asking for a while, at most until its end.
func (s *Source) trust(h *heldToken, span time.Duration) *oauth2.Token {
	if end := h.token.Expiry; !end.IsZero() {
		span = min(span, time.Until(end))
	}
	s.held = h
	if span > 0 {
		h = &heldToken{h.token, h.generation} // of its own, so that no earlier timer takes it away
		s.fresh.Store(h)
		time.AfterFunc(span, func() { s.fresh.CompareAndSwap(h, nil) })
	}
	return &h.token
}

// tokenSince reads a grant's token; changed is false where the server says that the held one stands.
func (c *Client) tokenSince(ctx context.Context, grant string, refused int64, held *heldToken) (t Token, changed bool, err error) {
	query := url.Values{}
	if refused > 0 {
		query.Set("not_generation", strconv.FormatInt(refused, 10))
	}
	req, err := c.request(ctx, http.MethodGet, "/v1/grants/"+escape(grant)+"/token", query, nil)
	if err != nil {
		return t, false, err
	}
	if held != nil {
		req.Header.Set("If-None-Match", `"`+strconv.FormatInt(held.generation, 10)+`"`)
	}
	var out struct {
		Token
		Access string `json:"access_token"`
	}
	err = c.exchange(req, &out)
	var p *Problem
	if errors.As(err, &p) && p.Status == http.StatusNotModified && held != nil {
		return t, false, nil
	}
	out.AccessToken = gk.NewSecret(out.Access)
	return out.Token, true, err
}
