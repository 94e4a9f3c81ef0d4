package shoplazza

import (
	"encoding/json"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// issued is a token answer. All but access_token may be missing: old documents show a shorter form.
type issued struct {
	Access    string        `json:"access_token"`
	Refresh   string        `json:"refresh_token"`
	ExpiresIn *platform.Int `json:"expires_in"`
	ExpiresAt *platform.Int `json:"expires_at"`
	CreatedAt *platform.Int `json:"created_at"`
	Scope     string        `json:"scope"`
	StoreID   text          `json:"store_id"`
	StoreName string        `json:"store_name"`
	Locale    string        `json:"locale"`
}

// longestLife bounds what an answer may claim; a number beyond it is a mistake or an attack, and would put the next
// renewal off for ever.
const longestLife = 100 * 365 * 24 * time.Hour

// ReadIssues reads a token answer: a pair, a refusal, or neither.
func (d driver) ReadIssues(app platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	if err := d.refused(app, asked, reply); err != nil {
		return nil, err
	}
	var got issued
	if err := json.Unmarshal(reply.Body, &got); err != nil {
		return nil, &platform.Garbled{Why: "a field has another type than documented"}
	}
	if got.Access == "" {
		return nil, &platform.Garbled{
			Why:   "there is no access_token",
			Fault: d.spec.Catalogue.Local(platform.StageToken, "local:missing_access_token"),
		}
	}
	if !isToken(got.Access) || got.Refresh != "" && !isToken(got.Refresh) {
		return nil, &platform.Garbled{Why: "a token holds a character that no header can carry"}
	}
	expires, ok := got.expires(app, asked, reply)
	if !ok {
		return nil, &platform.Garbled{Why: "the lifetime is out of range"}
	}
	issue := platform.Issue{
		Token:  gk.Token{Access: gk.NewSecret(got.Access), Refresh: gk.NewSecret(got.Refresh), Expires: expires},
		Scopes: strings.Fields(got.Scope),
	}
	if app.Profile == partner || asked.Subject.Kind == gk.KindPartner {
		issue.Subject = partnerSubject(app)
		return []platform.Issue{issue}, nil
	}
	if got.StoreID != "" && !isID(string(got.StoreID)) {
		return nil, &platform.Garbled{Why: "store_id is not a number"}
	}
	for _, expected := range []string{asked.Subject.ID, asked.Claimed.ID} {
		if expected != "" && got.StoreID != "" && string(got.StoreID) != expected {
			return nil, d.mismatch(app, asked)
		}
	}
	issue.Subject = d.store(asked, got)
	if issue.Subject.ID != "" {
		issue.Shops = []gk.Shop{{ID: issue.Subject.ID, Host: issue.Subject.Host}}
	}
	issue.Facts = make(map[string]string)
	for name, value := range map[string]string{"store_name": got.StoreName, "locale": got.Locale} {
		if value != "" {
			issue.Facts[name] = value
		}
	}
	return []platform.Issue{issue}, nil
}

// expires returns the end of the access token: as told, else counted. The documents' example differs by a second
// between the two, so expires_at goes first.
func (got issued) expires(app platform.App, asked platform.Asked, reply platform.Reply) (time.Time, bool) {
	if got.ExpiresIn != nil && (*got.ExpiresIn < 0 || time.Duration(*got.ExpiresIn) > longestLife/time.Second) {
		return time.Time{}, false
	}
	start := asked.At
	if start.IsZero() {
		start = reply.Received
	}
	if start.IsZero() {
		start = app.Now
	}
	if got.ExpiresAt != nil {
		end := time.Unix(int64(*got.ExpiresAt), 0).UTC()
		return end, *got.ExpiresAt > 0 && *got.ExpiresAt < 1<<40 && end.Before(start.Add(longestLife))
	}
	if got.CreatedAt != nil && got.ExpiresIn != nil {
		if *got.CreatedAt <= 0 || *got.CreatedAt > 1<<40 {
			return time.Time{}, false
		}
		return time.Unix(int64(*got.CreatedAt)+int64(*got.ExpiresIn), 0).UTC(), true
	}
	if got.ExpiresIn != nil {
		return start.Add(time.Duration(*got.ExpiresIn) * time.Second).UTC(), true
	}
	life := app.Spec().Facts.Renew(app.Profile, app.Stage).AccessLife
	if life == 0 {
		return time.Time{}, true
	}
	return start.Add(time.Duration(life)).UTC(), true
}

// store returns whose pair it is. Its host comes from the proven callback, else from the grant, else from store_name,
// which is the host's first label. Without a store_id in the answer it is the store we asked, or unknown.
func (d driver) store(asked platform.Asked, got issued) gk.Subject {
	s := gk.Subject{Kind: gk.KindShop, ID: string(got.StoreID)}
	if s.ID == "" {
		s.ID = asked.Subject.ID
	}
	if s.ID == "" {
		s.Kind = ""
	}
	for _, host := range []string{asked.Claimed.Host, asked.Subject.Host, got.StoreName + d.spec.Facts.ShopSuffix} {
		if clean, err := d.spec.HostOf("store", host); err == nil {
			s.Host = clean
			break
		}
	}
	return s
}

// mismatch is an answer for another store: stored, it would give one merchant's grant to another.
func (d driver) mismatch(app platform.App, asked platform.Asked) *gk.Fault {
	f := d.spec.Catalogue.Local(platform.StageToken, "local:store_mismatch")
	f.Stage, f.Code, f.At = asked.Stage, platform.SubjectMismatch, gk.At(app.Now)
	return f
}

// isToken reports whether s can stand in a header.
func isToken(s string) bool {
	return len(s) <= 4096 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
