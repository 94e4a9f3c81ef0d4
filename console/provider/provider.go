// Package provider asks an identity provider of the vendor's own who somebody is: OpenID Connect, the code flow with PKCE.
//
// Nothing is kept here between the way out and the way back: the browser carries one secret in a cookie, from which state,
// nonce and verifier are derived, so any instance can take the way back. The provider says who and in which groups; what a
// group may do here is the operator's table.
package provider

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/outbound"
)

// Options is what a provider is known by. Issuer, ClientID, Redirect, Roles and Gate are required.
type Options struct {
	Issuer, ClientID string
	ClientSecret     gk.Secret // empty: a public client, which PKCE alone protects
	Redirect         string    // our address to which the browser comes back
	Name             string    // what the page calls it; empty: the issuer's host
	Scopes           []string  // besides openid, profile and email
	Groups           string    // the claim that holds the groups, or a path of names with dots; empty: groups
	Roles            map[string]string
	// Asked believes a provider that does not say when somebody showed who they are, as long as it was asked to make them.
	Asked bool
	Gate  *outbound.Gate
	Now   func() time.Time
}

// What went wrong on the way. None of them holds a word of what came back.
var (
	ErrAway    = errors.New("the identity provider does not answer as one")
	ErrStale   = errors.New("the way back is none that this browser began")
	ErrRefused = errors.New("the identity provider let nobody in")
	ErrAnswer  = errors.New("the identity provider's answer proves nothing")
	ErrNoRole  = errors.New("none of the person's groups has a role")
	ErrOld     = errors.New("the person has not shown lately who they are")
)

// patience bounds each request to the provider.
const patience = 10 * time.Second

// Provider is an identity provider.
type Provider struct {
	o     Options
	found atomic.Pointer[oidc.Provider] // what it tells of itself; nil until somebody asked
}

// New checks what is known of a provider; it asks nobody.
func New(o Options) (*Provider, error) {
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("issuer must be https://host[:port][/path], as the provider writes it")
	}
	if o.Name == "" {
		o.Name = u.Host
	}
	if o.Groups == "" {
		o.Groups = "groups"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Provider{o: o}, nil
}

// Name is what the pages call the provider.
func (p *Provider) Name() string { return p.o.Name }

// way is one log-in under way, as the browser's cookie carries it.
type way struct {
	secret string
	again  bool // somebody who is logged in shows once more who they are
	next   string
}

// derive makes one of the texts of a log-in.
func (w way) derive(what string) string {
	mac := hmac.New(sha256.New, []byte(w.secret))
	mac.Write([]byte("grantkeep provider " + what))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (w way) cookie() string {
	again := "0"
	if w.again {
		again = "1"
	}
	return w.secret + "." + again + "." + base64.RawURLEncoding.EncodeToString([]byte(w.next))
}

func readWay(cookie string) (way, bool) {
	parts := strings.Split(cookie, ".")
	if len(parts) != 3 || len(parts[0]) != 43 {
		return way{}, false
	}
	next, err := base64.RawURLEncoding.DecodeString(parts[2])
	return way{parts[0], parts[1] == "1", string(next)}, err == nil
}

// Begin returns where the browser goes, and what it has to bring back in a cookie. Next is where the person wants to go
// afterwards; again asks the provider to have them show once more who they are.
func (p *Provider) Begin(ctx context.Context, next string, again bool) (address, cookie string, err error) {
	about, err := p.about(ctx)
	if err != nil {
		return "", "", err
	}
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand stops the program instead
	w := way{base64.RawURLEncoding.EncodeToString(b[:]), again, next}
	options := []oauth2.AuthCodeOption{oidc.Nonce(w.derive("nonce")), oauth2.S256ChallengeOption(w.derive("verifier"))}
	if again {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return p.client(about).AuthCodeURL(w.derive("state"), options...), w.cookie(), nil
}

// Finish takes what the browser brings back. It returns who came also with [ErrNoRole], so that what they had can end.
func (p *Provider) Finish(ctx context.Context, cookie string, query url.Values) (Who, error) {
	w, ok := readWay(cookie)
	if !ok || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(w.derive("state"))) != 1 {
		return Who{}, ErrStale
	}
	if from := query.Get("iss"); from != "" && from != p.o.Issuer { // RFC 9207
		return Who{}, ErrAnswer
	}
	if query.Get("error") != "" || query.Get("code") == "" {
		return Who{}, ErrRefused
	}
	about, err := p.about(ctx)
	if err != nil {
		return Who{}, err
	}
	ctx = p.bounded(ctx)
	token, err := p.client(about).Exchange(ctx, query.Get("code"), oauth2.VerifierOption(w.derive("verifier")))
	if err != nil {
		return Who{}, refused(err)
	}
	text, _ := token.Extra("id_token").(string)
	proof, err := about.Verifier(&oidc.Config{ClientID: p.o.ClientID, Now: p.o.Now}).Verify(ctx, text)
	if err != nil {
		return Who{}, fmt.Errorf("%w: the ID token does not verify", ErrAnswer)
	}
	if subtle.ConstantTimeCompare([]byte(proof.Nonce), []byte(w.derive("nonce"))) != 1 {
		return Who{}, fmt.Errorf("%w: the ID token is of another log-in", ErrAnswer)
	}
	who, err := p.who(ctx, about, proof, token)
	who.Next, who.Again = w.next, w.again
	if err == nil && w.again {
		if p.o.Asked && who.ProvedAt.IsZero() {
			who.ProvedAt = p.o.Now()
		}
		if p.o.Now().Sub(who.ProvedAt) > freshly {
			err = ErrOld
		}
	}
	return who, err
}

// freshly is how long ago somebody may have shown who they are who was asked to.
const freshly = 5 * time.Minute

// refused tells a provider that says no from one that says nothing.
func refused(err error) error {
	var said *oauth2.RetrieveError
	if errors.As(err, &said) && said.Response != nil && said.Response.StatusCode < 500 {
		return fmt.Errorf("%w: the code was not traded, status %d", ErrRefused, said.Response.StatusCode)
	}
	var sent *outbound.Error
	if errors.As(err, &sent) {
		return fmt.Errorf("%w: %w", ErrAway, sent)
	}
	return ErrAway
}

// about is what the provider tells of itself. It is asked when somebody wants to log in, so that the server starts
// without it, and until it has answered once.
func (p *Provider) about(ctx context.Context) (*oidc.Provider, error) {
	if about := p.found.Load(); about != nil {
		return about, nil
	}
	about, err := oidc.NewProvider(p.bounded(ctx), p.o.Issuer)
	var other *oidc.IssuerMismatchError
	var sent *outbound.Error
	switch {
	case errors.As(err, &other):
		return nil, fmt.Errorf("%w: it calls itself otherwise than the setting issuer does", ErrAway)
	case errors.As(err, &sent):
		return nil, fmt.Errorf("%w: %w", ErrAway, sent)
	case err != nil:
		return nil, fmt.Errorf("%w: what it tells of itself cannot be read", ErrAway)
	}
	p.found.Store(about)
	return about, nil
}

// client is us, as the provider knows us.
func (p *Provider) client(about *oidc.Provider) *oauth2.Config {
	at := about.Endpoint()
	at.AuthStyle = p.style(about)
	return &oauth2.Config{
		ClientID: p.o.ClientID, ClientSecret: p.o.ClientSecret.Reveal(), Endpoint: at, RedirectURL: p.o.Redirect,
		Scopes: append([]string{oidc.ScopeOpenID, "profile", "email"}, p.o.Scopes...),
	}
}

// style is how the secret travels: in a header, unless the provider takes it in the form only. Trying both would ask for
// a code twice.
func (p *Provider) style(about *oidc.Provider) oauth2.AuthStyle {
	var told struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if p.o.ClientSecret.Empty() {
		return oauth2.AuthStyleInParams
	}
	if err := about.Claims(&told); err == nil && len(told.Methods) > 0 {
		for _, m := range told.Methods {
			if m == "client_secret_basic" {
				return oauth2.AuthStyleInHeader
			}
		}
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}
