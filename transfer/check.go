package transfer

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

const (
	longestToken = 8 << 10                   // bytes; platforms' tokens have 32 to a few hundred
	furthestEnd  = 20 * 365 * 24 * time.Hour // of anything that has an end
	mostOfRow    = 5000                      // shops, scopes or facts of one row
)

// check reads a row as an issue of its platform. It refuses what the platform's facts do not know; its mistakes name a
// member and never hold its value.
func (im *importing) check(a *importApp, row ImportRow) (parcel, error) {
	owner, err := im.owner(row.Owner)
	if err != nil {
		return parcel{}, err
	}
	spec := a.Driver.Spec()
	if !spec.Facts.Tokens && len(im.viewer.Owners) > 0 {
		return parcel{}, gk.BadInput("subject", "is all that a row of this platform holds, which proves nothing; ask somebody without an owner limit")
	}
	subject, err := apps.CheckSubject(spec, row.Subject)
	if err != nil {
		return parcel{}, err
	}
	if err := checkPair(spec.Facts, row.Token); err != nil {
		return parcel{}, err
	}
	if err := checkReach(row); err != nil {
		return parcel{}, err
	}
	f := a.Refresh()
	p := parcel{owner: owner, stated: !row.Issued.IsZero(), issuedAt: row.Issued.Truncate(time.Millisecond), consent: row.Authorized}
	t := row.Token
	t.Expires, t.RefreshExpires = t.Expires.Truncate(time.Millisecond), t.RefreshExpires.Truncate(time.Millisecond)
	if err := im.checkTimes(row, f); err != nil {
		return parcel{}, err
	}
	if !p.stated {
		p.issuedAt = issuedBefore(t.Expires, time.Duration(f.AccessLife), im.now)
	}
	if p.consent.IsZero() {
		p.consent = p.issuedAt
	}
	p.issue = platform.Issue{
		Subject: subject, Token: t, Ceiling: row.Ceiling, Shops: row.Shops, Scopes: row.Scopes, Facts: row.Facts,
		Shared: row.Facts[lifecycle.FactShared] == "true",
	}
	return p, nil
}

// issuedBefore estimates when a pair was issued from its end and the usual life of the platform's tokens.
func issuedBefore(end time.Time, life time.Duration, now time.Time) time.Time {
	at := now
	if !end.IsZero() && end.Before(at) {
		at = end
	}
	if begun := end.Add(-life); !end.IsZero() && life > 0 && begun.Before(at) {
		at = begun
	}
	return at
}

// owner is whom a row is for: a key with one owner need not say it, and a key with some stays among them.
func (im *importing) owner(owner string) (string, error) {
	if owner == "" && len(im.viewer.Owners) == 1 {
		return im.viewer.Owners[0], nil
	}
	if !im.viewer.SeesOwner(owner) {
		return "", gk.BadInput("owner", "is outside this key's owners")
	}
	return owner, gk.CheckOwner("owner", owner)
}

func checkPair(f *platform.Facts, t gk.Token) error {
	if !f.Tokens {
		if !t.Access.Empty() || !t.Refresh.Empty() {
			return gk.BadInput("access", "is of no use: this platform has no tokens")
		}
		return nil
	}
	if t.Access.Empty() {
		return gk.BadInput("access", "is missing")
	}
	const why = "is no token: it holds blanks or letters that none has, or is longer than 8 KiB"
	if !tokenText(t.Access) {
		return gk.BadInput("access", why)
	}
	if !tokenText(t.Refresh) {
		return gk.BadInput("refresh", why)
	}
	return nil
}

// tokenText reports whether a text may be a token.
func tokenText(s gk.Secret) bool {
	text := s.Reveal()
	return len(text) <= longestToken && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// checkReach looks at what a row says beside its pair.
func checkReach(row ImportRow) error {
	if len(row.Shops) > mostOfRow || len(row.Scopes) > mostOfRow || len(row.Facts) > mostOfRow || len(row.Token.Windows) > 20 {
		return gk.BadInput("shops", "or scopes, facts or windows are more than any grant has")
	}
	ids := make(map[string]bool, len(row.Shops))
	for _, s := range row.Shops {
		if s.ID == "" || ids[s.ID] {
			return gk.BadInput("shops", "hold one without an id, or one twice")
		}
		ids[s.ID] = true
		for _, text := range []string{s.ID, s.Name, s.Host, s.Region} {
			if err := gk.CheckText("shops", text); err != nil {
				return err
			}
		}
	}
	for _, scope := range row.Scopes {
		if err := gk.CheckText("scopes", scope); err != nil {
			return err
		}
	}
	for name, value := range row.Facts {
		if err := gk.CheckText("facts", name); err != nil {
			return err
		}
		if err := gk.CheckText("facts", value); err != nil {
			return err
		}
	}
	return nil
}

// checkTimes refuses moments that cannot be: most often they are milliseconds, or of another column. A pair that says it
// comes from the future would outdo every other one.
func (im *importing) checkTimes(row ImportRow, f platform.Refresh) error {
	endless := f.From == platform.FromAccess && row.Token.Refresh.Empty() // an access token without an end, which is traded for a pair
	if row.Token.Expires.IsZero() && f.AccessLife > 0 && !endless {
		return gk.BadInput("expires_at", "is missing; without it nobody knows when to renew")
	}
	first := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, m := range []struct {
		field string
		at    time.Time
		last  time.Time
	}{
		{"expires_at", row.Token.Expires, im.now.Add(furthestEnd)},
		{"refresh_token_expires_at", row.Token.RefreshExpires, im.now.Add(furthestEnd)},
		{"authorization_expires_at", row.Ceiling, im.now.Add(furthestEnd)},
		{"issued_at", row.Issued, im.now.Add(lifecycle.ClockSlack)},
		{"authorized_at", row.Authorized, im.now.Add(lifecycle.ClockSlack)},
	} {
		if !m.at.IsZero() && (m.at.Before(first) || m.at.After(m.last)) {
			return gk.BadInput(m.field, "is before 2010 or too far ahead; moments are RFC 3339 or unix seconds")
		}
	}
	if !row.Issued.IsZero() && !row.Token.Expires.IsZero() && !row.Token.Expires.After(row.Issued) {
		return gk.BadInput("expires_at", "is not after issued_at")
	}
	return nil
}

// mostInspections is how many shops are asked about at once.
const mostInspections = 8

// identify asks the platform who the subjects are that a table knows by their hosts alone. Those of whom it learns
// nothing are taken out.
func (im *importing) identify(ctx context.Context, a *importApp) error {
	var asking errgroup.Group
	asking.SetLimit(mostInspections)
	for i := range a.parcels {
		p := &a.parcels[i]
		if p.issue.Subject.ID != "" {
			continue
		}
		if _, ok := a.Driver.(platform.Inspector); !ok || !p.issue.Token.Expires.IsZero() && !p.issue.Token.Expires.After(im.now) {
			im.done[p.row].Err = gk.BadInput("subject.id", "is missing, and the platform cannot be asked with a token that has ended")
			continue
		}
		asking.Go(func() error {
			opened := a.Opened
			opened.Owner = p.owner
			issue, err := im.keeper.ConfirmPasted(ctx, opened, p.issue, nil)
			if err != nil {
				im.done[p.row].Err = err
			}
			p.issue = issue
			return nil
		})
	}
	if err := asking.Wait(); err != nil {
		return err
	}
	a.parcels = slices.DeleteFunc(a.parcels, func(p parcel) bool { return im.done[p.row].Err != nil })
	return ctx.Err()
}
