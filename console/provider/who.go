package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/grantkeep/grantkeep/people"
)

// Who is somebody as a provider knows them.
type Who struct {
	Subject  string    // names them for good: the issuer and its own name for them
	Name     string    // as a name of ours
	Mark     string    // some letters that tell them from somebody else of this name
	Role     string    // the highest of their groups'; empty: none
	ProvedAt time.Time // when they showed who they are; zero: not told
	Next     string    // where they wanted to go
	Again    bool      // they were asked to show once more who they are
}

// longestSubject is more than the standard lets a provider use.
const longestSubject = 512

// who reads somebody out of what has been verified.
func (p *Provider) who(ctx context.Context, about *oidc.Provider, proof *oidc.IDToken, token *oauth2.Token) (Who, error) {
	claims, err := claimsOf(proof)
	if err != nil {
		return Who{}, err
	}
	if len(proof.Audience) > 1 && claims["azp"] != p.o.ClientID {
		return Who{}, fmt.Errorf("%w: the ID token is for several, and was not asked for by us", ErrAnswer)
	}
	if proof.Subject == "" || len(proof.Subject) > longestSubject {
		return Who{}, fmt.Errorf("%w: the ID token names nobody", ErrAnswer)
	}
	if _, has := find(claims, p.o.Groups); !has && about.UserInfoEndpoint() != "" {
		// Some providers keep the ID token small.
		more, err := about.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return Who{}, fmt.Errorf("%w: it does not tell more about the person", ErrAway)
		}
		if more.Subject != proof.Subject {
			return Who{}, fmt.Errorf("%w: it tells about somebody else", ErrAnswer)
		}
		told, err := claimsOf(more)
		if err != nil {
			return Who{}, err
		}
		for name, value := range told {
			if _, has := claims[name]; !has {
				claims[name] = value
			}
		}
	}
	sum := sha256.Sum256([]byte(p.o.Issuer + " " + proof.Subject))
	who := Who{Subject: p.o.Issuer + " " + proof.Subject, Mark: hex.EncodeToString(sum[:3]), ProvedAt: p.provedAt(claims)}
	who.Name = nameOf(claims, who.Mark)
	if who.Role = p.roleOf(claims); who.Role == "" {
		return who, ErrNoRole
	}
	return who, nil
}

func claimsOf(from interface{ Claims(any) error }) (map[string]any, error) {
	var raw json.RawMessage
	if err := from.Claims(&raw); err != nil {
		return nil, fmt.Errorf("%w: its claims cannot be read", ErrAnswer)
	}
	claims := map[string]any{}
	if err := json.Unmarshal(raw, &claims); err != nil {
		return nil, fmt.Errorf("%w: its claims cannot be read", ErrAnswer)
	}
	return claims, nil
}

// find returns a claim by its name, or by a path of names with dots between them.
func find(claims map[string]any, name string) (any, bool) {
	if value, ok := claims[name]; ok {
		return value, true
	}
	for i := range name {
		if name[i] != '.' {
			continue
		}
		if inner, ok := claims[name[:i]].(map[string]any); ok {
			return find(inner, name[i+1:])
		}
	}
	return nil, false
}

// roleOf is the highest role of somebody's groups.
func (p *Provider) roleOf(claims map[string]any) string {
	value, _ := find(claims, p.o.Groups)
	var groups []string
	switch value := value.(type) {
	case string:
		groups = []string{value}
	case []any:
		for _, v := range value {
			if group, ok := v.(string); ok {
				groups = append(groups, group)
			}
		}
	}
	best := -1
	for _, group := range groups {
		best = max(best, slices.Index(people.Roles(), p.o.Roles[group]))
	}
	if best < 0 {
		return ""
	}
	return people.Roles()[best]
}

// provedAt is when somebody showed the provider who they are, never later than it is here.
func (p *Provider) provedAt(claims map[string]any) time.Time {
	seconds, ok := claims["auth_time"].(float64)
	if !ok || seconds <= 0 || seconds > 1<<40 {
		return time.Time{}
	}
	at, now := time.Unix(int64(seconds), 0), p.o.Now()
	if at.After(now) {
		return now
	}
	return at
}

// nameOf makes a name of ours of what the provider calls somebody.
func nameOf(claims map[string]any, mark string) string {
	for _, claim := range []string{"preferred_username", "email", "name"} {
		text, _ := claims[claim].(string)
		if name, ok := people.Name(strings.ReplaceAll(strings.TrimSpace(text), " ", ".")); ok {
			return name
		}
	}
	return "person." + mark
}
