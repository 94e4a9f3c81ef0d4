package keeper_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/transfer"
)

// limitedTo is a key that is limited to one owner.
func limitedTo(owner string) gk.Viewer {
	return gk.Viewer{Key: "key-" + owner, Scopes: gk.Scopes(), Owners: []string{owner}}
}

// rowOf is a row of an import: a subject with a pair.
func (h *house) rowOf(s gk.Subject, access, refresh string) transfer.ImportRow {
	row := transfer.ImportRow{App: h.app.ID, Subject: s, Issued: h.now().Add(-time.Minute)}
	if h.keeper.Apps().Driver(h.app.Platform).Spec().Facts.Tokens {
		row.Token = gk.Token{Access: gk.NewSecret(access), Refresh: gk.NewSecret(refresh), Expires: h.now().Add(3 * time.Hour)}
	}
	return row
}

func (h *house) importOne(v gk.Viewer, row transfer.ImportRow, o transfer.ImportOptions) transfer.Imported {
	h.t.Helper()
	done, err := transfer.Import(context.Background(), h.keeper, v, []transfer.ImportRow{row}, o)
	if err != nil {
		h.t.Fatal(err)
	}
	return done[0]
}

// forget ends a grant in our store alone, as an installation that never had it.
func (h *house) forget(id string) {
	h.t.Helper()
	h.write(id, func(g *gk.Grant) {
		g.State, g.Renewable, g.Access, g.Refresh, g.DueAt = gk.Revoked, false, nil, nil, time.Time{}
	})
}

// subjectAt is the subject that the n-th shop's consent gives, learned from a consent that is then forgotten.
func (h *house) subjectAt(n int, owner string) (gk.Grant, truth) {
	h.t.Helper()
	g := h.connect(n, owner)
	told := h.truth(g.Subject.ID)
	h.forget(g.ID)
	return h.grant(g.ID), told
}

func TestBoundConsentBeatsTheImportOfAStranger(t *testing.T) {
	for _, code := range []string{"shoplazza", "shopee", "eleme", "taobao"} {
		t.Run(code, func(t *testing.T) {
			story(t, code, func(h *house) {
				subject := gk.Subject{Kind: h.keeper.Apps().Driver(code).Spec().Facts.Subjects[0], ID: h.account(0), Host: h.host(0)}
				squatter, owner := limitedTo("squatter"), limitedTo("cust-1")
				done := h.importOne(squatter, h.rowOf(subject, "made-up-access", "made-up-refresh"), transfer.ImportOptions{})
				if done.Err != nil || done.Result != transfer.ImportCreated {
					t.Fatalf("the import: %+v", done)
				}
				if _, err := h.keeper.Token(context.Background(), squatter, done.Grant, keeper.TokenWant{}); !errors.Is(err, keeper.ErrHeld) {
					t.Errorf("the token of an unconfirmed import: %v, want held", err)
				}
				g := h.connect(0, "cust-1")
				if g.ID != done.Grant || g.Owner != "cust-1" || g.State != gk.Active {
					t.Errorf("after the consent: %s of %q, the same grant: %t; want it active and cust-1's", g.State, g.Owner, g.ID == done.Grant)
				}
				if _, err := h.keeper.Token(context.Background(), squatter, g.ID, keeper.TokenWant{}); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("the squatter's read: %v, want not found", err)
				}
				if h.token(g.ID).Access.Reveal() != h.truth(g.Subject.ID).Access {
					t.Error("the token is not the one that the platform gave to the merchant's consent")
				}
				h.expectMoved(g.ID, squatter, "cust-1")
				h.expectMoved(g.ID, owner, "squatter")
				again := h.importOne(squatter, h.rowOf(subject, "made-up-access", "made-up-refresh"), transfer.ImportOptions{Replace: true})
				if again.Err == nil {
					t.Errorf("an import after the consent = %+v, want an error", again)
				}
			})
		})
	}
}

// expectMoved looks in what a viewer may read for one event of a move, without the other owner's name.
func (h *house) expectMoved(id string, v gk.Viewer, hidden string) {
	h.t.Helper()
	if err := h.publish(); err != nil {
		h.t.Fatal(err)
	}
	events, err := h.store.EventsAfter(context.Background(), v, 0, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	n := 0
	for _, e := range events {
		if e.Grant != id {
			continue
		}
		if e.Kind == gk.EventGrantMoved {
			n++
		}
		for _, text := range e.Data {
			if s, ok := text.(string); ok && strings.Contains(s, hidden) {
				h.t.Errorf("%s reads the other owner's name in %s", v.Key, e.Kind)
			}
		}
		if e.Owner == hidden {
			h.t.Errorf("%s reads an event of the other owner", v.Key)
		}
	}
	if n != 1 {
		h.t.Errorf("%s reads %d events of the move, want 1", v.Key, n)
	}
}

func (h *house) publish() error {
	for {
		n, err := h.store.Publish(context.Background(), 1000)
		if n == 0 || err != nil {
			return err
		}
	}
}

func TestHeldClaimNeverBlocksABoundConsent(t *testing.T) {
	for _, code := range []string{"shoplazza", "shopee", "shopeev1", "eleme", "taobao"} {
		t.Run(code, func(t *testing.T) {
			story(t, code, func(h *house) {
				_, pressed := h.press(consent.BeginInput{Owner: "squatter", Shop: h.host(0)})
				o, err := h.callback(h.consent(pressed.URL, h.shop(0)), stranger)
				if err != nil || len(o.Grants) != 1 || o.Grants[0].State != gk.Held {
					t.Fatalf("a copied platform link: %s, %d grants, %v; want one that is held", o.Click.Stage, len(o.Grants), err)
				}
				time.Sleep(5 * time.Minute)
				g := h.connect(0, "cust-1")
				if g.ID != o.Grants[0].ID || g.Owner != "cust-1" || g.State != gk.Active {
					t.Errorf("%s of %q, want it active and cust-1's", g.State, g.Owner)
				}
				h.expectMoved(g.ID, limitedTo("squatter"), "cust-1")
			})
		})
	}
}

func TestEntryFromThePlatformTakesWhatAnImportClaims(t *testing.T) {
	story(t, "taobao", func(h *house) {
		subject := gk.Subject{Kind: gk.KindAccount, ID: h.account(0)}
		done := h.importOne(limitedTo("squatter"), h.rowOf(subject, "made-up-access", "made-up-refresh"), transfer.ImportOptions{})
		_, pressed := h.press(consent.BeginInput{})
		u, err := url.Parse(h.consent(pressed.URL, h.shop(0)))
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Del("state")
		u.RawQuery = q.Encode()
		if o, err := h.callback(u.String(), stranger); err != nil || o.Click.Stage != gk.Done {
			t.Fatalf("the entry: %s, %v", o.Click.Stage, err)
		}
		if now := h.grant(done.Grant); now.Owner != "" || now.State != gk.Active {
			t.Errorf("the grant is %s of %q, want it active and nobody's", now.State, now.Owner)
		}
	})
}

func TestHeldClaimGoesToWhoeverSpendsTheCode(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		subject := gk.Subject{Kind: gk.KindShop, ID: h.shop(0), Host: h.host(0)}
		done := h.importOne(limitedTo("squatter"), h.rowOf(subject, "made-up-access", "made-up-refresh"), transfer.ImportOptions{})
		a, pressed := h.press(consent.BeginInput{Owner: "cust-1", Shop: h.host(0), Confirm: true, ReturnTo: "https://erp.example/back"})
		o, err := h.callback(h.consent(pressed.URL, h.shop(0)), h.cookie)
		if err != nil || o.Authorization.Stage != gk.Done {
			t.Fatalf("the authorization is %s (%s), %v", o.Authorization.Stage, o.Authorization.Reason, err)
		}
		h.moveTo(h.now().Add(48 * time.Hour))
		if now := h.grant(done.Grant); now.State != gk.Held {
			t.Errorf("before the code: %s of %q, want it held, since the consent's pair confirms nobody's import", now.State, now.Owner)
		}
		code, err := h.flow.ConfirmCode(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.flow.ConfirmAuthorization(context.Background(), limitedTo("cust-1"), a.ID, code); err != nil {
			t.Fatal(err)
		}
		if now := h.grant(done.Grant); now.State != gk.Active || now.Owner != "cust-1" {
			t.Errorf("after it: %s of %q, want it active and cust-1's", now.State, now.Owner)
		}
		h.expectMoved(done.Grant, limitedTo("squatter"), "cust-1")
	})
}

func TestImportOfAnOwnPairBecomesActiveByItself(t *testing.T) {
	for _, code := range []string{"shoplazza", "shopee", "eleme", "taobao"} {
		t.Run(code, func(t *testing.T) {
			story(t, code, func(h *house) {
				g, told := h.subjectAt(0, "cust-1")
				done := h.importOne(limitedTo("cust-1"), h.rowOf(g.Subject, told.Access, told.Refresh), transfer.ImportOptions{Replace: true})
				if done.Err != nil {
					t.Fatal(done.Err)
				}
				time.Sleep(5 * time.Second) // it is held until the platform has answered, which the events tell
				if now := h.grant(g.ID); now.State != gk.Active || now.Facts["unconfirmed_import"] != "" || now.Owner != "cust-1" {
					t.Errorf("once the platform was asked: %s of %q, facts %v; want it active", now.State, now.Owner, now.Facts)
				}
				if kinds := h.kinds(g.ID); !strings.Contains(kinds, "held") || !strings.Contains(kinds, "confirmed") {
					t.Errorf("events: %s; want held and confirmed", kinds)
				}
			})
		})
	}
}

func TestImportPastItsEndIsConfirmedByItsRefresh(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g, told := h.subjectAt(0, "cust-1")
		row := h.rowOf(g.Subject, told.Access, told.Refresh)
		row.Issued, row.Token.Expires = h.now().Add(-48*time.Hour), h.now().Add(-time.Hour)
		if done := h.importOne(limitedTo("cust-1"), row, transfer.ImportOptions{Replace: true}); done.Err != nil {
			t.Fatal(done.Err)
		}
		time.Sleep(5 * time.Second)
		if now := h.grant(g.ID); now.State != gk.Active || now.PairSpent < 0 {
			t.Errorf("after its refresh: %s, spent %d, fault %v; want it active with a new pair", now.State, now.PairSpent, now.Fault)
		}
	})
}

func TestImportOfAnotherSubjectsPairStaysHeld(t *testing.T) {
	for _, code := range []string{"shoplazza", "shopee", "eleme", "taobao"} {
		t.Run(code, func(t *testing.T) {
			story(t, code, func(h *house) {
				g, told := h.subjectAt(0, "squatter")
				other := g.Subject
				other.ID, other.Name = h.account(1), ""
				row := h.rowOf(other, told.Access, told.Refresh)
				row.Facts = map[string]string{"nick": "another's nick"}
				row.Token.Windows = map[string]time.Time{"r1": h.now().Add(-time.Minute)}
				done := h.importOne(limitedTo("squatter"), row, transfer.ImportOptions{})
				if done.Err != nil {
					t.Fatal(done.Err)
				}
				h.moveTo(h.now().Add(36 * time.Hour))
				if now := h.grant(done.Grant); now.State == gk.Active || now.State == gk.Suspended {
					t.Errorf("a day and a half later: %s, want it never served: the pair is another subject's", now.State)
				}
			})
		})
	}
}

func TestShopWithoutTokensIsImportedOnTheWordOfThePlatform(t *testing.T) {
	story(t, "shopeev1", func(h *house) {
		listed, other := h.connect(0, "cust-1").Subject, gk.Subject{Kind: gk.KindShop, ID: "424242"}
		g, err := h.store.GrantOf(context.Background(), gk.Engine(), h.app.ID, gk.KindShop, listed.ID)
		if err != nil {
			t.Fatal(err)
		}
		h.forget(g.ID)
		if done := h.importOne(limitedTo("cust-2"), h.rowOf(other, "", ""), transfer.ImportOptions{}); done.Err == nil {
			t.Errorf("a row from a limited key = %+v, want an error", done)
		}
		yes := h.importOne(gk.Engine(), h.rowOf(listed, "", ""), transfer.ImportOptions{Replace: true})
		no := h.importOne(gk.Engine(), h.rowOf(other, "", ""), transfer.ImportOptions{})
		if yes.Err != nil || no.Err != nil {
			t.Fatal(yes.Err, no.Err)
		}
		for _, id := range []string{yes.Grant, no.Grant} {
			if kinds := h.kinds(id); !strings.Contains(kinds, "held") {
				t.Errorf("at once: told %q, want held", kinds)
			}
		}
		time.Sleep(5 * time.Second)
		if now := h.grant(yes.Grant); now.State != gk.Active || now.AuthorizedAt.IsZero() || now.Ceiling.IsZero() {
			t.Errorf("a shop of the platform's list: %s, authorized %s, ends %s; want it active with both", now.State, now.AuthorizedAt, now.Ceiling)
		}
		if now := h.grant(no.Grant); now.State != gk.Held || now.Fault == nil {
			t.Errorf("a shop that is not on it: %s, fault %v; want it held, and why", now.State, now.Fault)
		}
		h.moveTo(h.now().Add(72 * time.Hour))
		if now := h.grant(no.Grant); now.State != gk.Held {
			t.Errorf("three days later: %s, want held", now.State)
		}
	})
}

func TestPastedTokenOfALimitedKeyIsHeldWhereItProvesNothing(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g, told := h.subjectAt(0, "squatter")
		wrong := g.Subject
		wrong.ID = h.shop(1)
		made, err := h.flow.Obtain(context.Background(), limitedTo("squatter"), h.app.ID, consent.ObtainInput{
			Subject: &wrong, Token: gk.Token{Access: gk.NewSecret(told.Access), Refresh: gk.NewSecret(told.Refresh), Expires: h.now().Add(time.Hour)},
		})
		if err == nil && made.State != gk.Held {
			t.Errorf("another store's token makes a grant that is %s, want it refused or held", made.State)
		}
	})
}

// account is the id of the subject that the n-th shop's consent gives.
func (h *house) account(n int) string {
	shop := h.ready.Platforms[h.app.Platform].Shops[n]
	if shop.Owner != "" && h.keeper.Apps().Driver(h.app.Platform).Spec().Facts.Subjects[0] == gk.KindAccount {
		return shop.Owner
	}
	return shop.ID
}
