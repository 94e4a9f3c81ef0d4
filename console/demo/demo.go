// Package demo has what only a demo has: the bar that moves its time, faults on demand, merchants to act as, and the first minute.
package demo

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/store"
)

// Demo is what the console's dark bar moves: the clock that server and simulated platforms share, and their faults.
type Demo interface {
	// Advance moves the time on; whatever falls due on the way is done on the way.
	Advance(ctx context.Context, by time.Duration) error
	// ToNext moves the time on to the next end that a person has to see to; false if there is none.
	ToNext(ctx context.Context) (bool, error)
	// Fault makes a simulated platform answer its next requests with a fault, by the code of a catalogue row or by one of Tricks.
	Fault(ctx context.Context, platform, code string, times int) error
	// Tricks lists what can go wrong besides what a platform says.
	Tricks() []string
	// Happened tells what the last move of the time passed over.
	Happened() frame.Passed
	// Simulator is where a simulated platform stands; empty: there is none.
	Simulator(platform string) string
	// Break has the merchant of a grant cancel on the platform's side, and lets us find out.
	Break(ctx context.Context, grant string) error
	// Fill connects some shops on every platform, as their merchants would.
	Fill(ctx context.Context) error
}

// pages are those pages.
type pages struct {
	*desk.Desk
	box Demo
}

// Route adds the pages.
func Route(d *desk.Desk, box Demo) {
	c := &pages{d, box}
	d.On("POST /demo/advance", store.RoleSupport, c.advance)
	d.On("POST /demo/fill", store.RoleSupport, c.fill)
	d.On("GET /demo/fault", store.RoleSupport, c.faultForm)
	d.On("POST /demo/fault", store.RoleSupport, c.makeFault)
	d.On("GET /demo/merchant", store.RoleSupport, c.merchant)
	d.On("POST /demo/break", store.RoleSupport, c.breakGrant)
}

// longestJump is as far as one press moves the time.
const longestJump = 400 * 24 * time.Hour

// advance moves the demo's clock.
func (c *pages) advance(v *desk.Visit) error {
	if until := v.Field("until"); until != "" {
		at, err := time.ParseInLocation(frame.MomentForm, until, v.Page.Zone)
		by := at.Sub(v.Page.Now)
		if err != nil || by <= 0 || by > longestJump {
			return gk.BadInput("until", v.Page.T("demo.until.bad"))
		}
		if err := c.box.Advance(v.Ctx(), by); err != nil {
			return err
		}
	} else if v.Field("by") == "next" {
		if _, err := c.box.ToNext(v.Ctx()); err != nil {
			return err
		}
	} else {
		by, err := time.ParseDuration(v.Field("by"))
		if err != nil || by <= 0 || by > longestJump {
			return &desk.BadForm{Err: errors.New("demo: no such step of time")}
		}
		if err := c.box.Advance(v.Ctx(), by); err != nil {
			return err
		}
	}
	if back := c.Next(v.Field("back")); back != "" {
		v.Leave(back)
		return nil
	}
	v.SeeOther("/")
	return nil
}

// fill connects some shops.
func (c *pages) fill(v *desk.Visit) error {
	if err := c.box.Fill(v.Ctx()); err != nil {
		c.Log.Warn("console", "act", "fill", "error", err) // some of them stand
	}
	v.SeeOther("/")
	return nil
}

// merchantView is the page on which somebody acts as a merchant.
type merchantView struct {
	frame.Page
	Rows []merchantRow
	Now  string // as the field of a moment has it
}

type merchantRow struct{ Code, App, Simulator string }

// merchant leads to the simulated platforms, and to a link of each of our apps.
func (c *pages) merchant(v *desk.Visit) error {
	all, err := c.Store.Apps(v.Ctx(), v.Viewer, "", 0)
	if err != nil {
		return err
	}
	view := merchantView{Page: v.Page, Now: v.Page.Now.In(v.Page.Zone).Format(frame.MomentForm)}
	for _, a := range all {
		view.Rows = append(view.Rows, merchantRow{a.Platform, a.ID, c.box.Simulator(a.Platform)})
	}
	return v.Show(http.StatusOK, actAsMerchant(view))
}

// breakGrant has a merchant cancel, which the page of the grant tells then.
func (c *pages) breakGrant(v *desk.Visit) error {
	id := v.Field("grant")
	if _, err := c.Store.Grant(v.Ctx(), v.Viewer, id); err != nil {
		return err
	}
	if err := c.box.Break(v.Ctx(), id); err != nil {
		return err
	}
	v.SeeOther("/grants/" + id + "?done=broken")
	return nil
}

// Lead is the first minute of a demo: what has been done, and what is next.
type Lead struct {
	Steps []step
	Grant string // the one that is broken next, or that is broken
}

// step is one of them. Its texts are lead.ID and lead.ID.text.
type step struct {
	ID         string
	Done, Next bool
}

// linksLookedAt is how far back a link is looked for that was sent.
const linksLookedAt = 50

// LeadOf tells how far somebody has come in the first minute; no step where all is done. grants is how many there are.
func LeadOf(v *desk.Visit, kept store.Store, grants int64) (view Lead, err error) {
	last := func(kind string) (gk.Event, bool) {
		found, wrong := kept.RecentEvents(v.Ctx(), v.Viewer, store.RecentFilter{Kind: kind, Limit: 1})
		if wrong != nil {
			err = wrong
		}
		if len(found) == 0 {
			return gk.Event{}, false
		}
		return found[0], true
	}
	needs, broken := last(gk.EventGrantNeedsAuthorization)
	revoked, cancelled := last(gk.EventGrantRevoked)
	if !broken && cancelled {
		needs, broken = revoked, true
	}
	mended, isMended := last(gk.EventGrantAuthorized)
	isMended = isMended && broken && mended.Position > needs.Position
	sent := isMended
	if broken && !sent && err == nil {
		links, wrong := kept.Authorizations(v.Ctx(), v.Viewer, store.AuthorizationFilter{Limit: linksLookedAt})
		err = wrong
		sent = slices.ContainsFunc(links, func(a gk.Authorization) bool { return a.Grant != "" })
	}
	view.Grant = needs.Grant
	if !broken && err == nil {
		active, wrong := kept.Grants(v.Ctx(), v.Viewer, store.GrantFilter{State: gk.Active, Limit: 1})
		if err = wrong; len(active) > 0 {
			view.Grant = active[0].ID
		}
	}
	view.Steps = []step{
		{ID: "connect", Done: grants > 0}, {ID: "pass", Done: v.Page.Happened.Any}, {ID: "break", Done: broken}, {ID: "send", Done: sent}, {ID: "mended", Done: isMended},
	}
	for i := range view.Steps {
		if !view.Steps[i].Done {
			view.Steps[i].Next = true
			return view, err
		}
	}
	return Lead{}, err
}

// faultView is the page that makes a fault happen.
type faultView struct {
	frame.Page
	Platform string
	Tricks   []string
	Rows     []faultRow
	Open     string // the simulated platform
}

type faultRow struct{ Code, Stage, Cause string }

// faultForm offers what can go wrong on a platform.
func (c *pages) faultForm(v *desk.Visit) error {
	view := faultView{Page: v.Page, Platform: v.R.URL.Query().Get("platform"), Tricks: c.box.Tricks()}
	if view.Platform == "" {
		view.Platform = c.Drivers[0].Spec().Code
	}
	spec := v.Page.Spec(view.Platform)
	if spec == nil {
		return store.ErrNotFound
	}
	view.Open = c.box.Simulator(view.Platform)
	seen := map[string]bool{}
	for _, row := range spec.Catalogue.Rows() {
		if row.Code == "" || seen[row.Code] || row.Stage != "refresh" && row.Stage != "call" {
			continue
		}
		seen[row.Code] = true
		view.Rows = append(view.Rows, faultRow{row.Code, row.Stage, row.Cause.In(v.Page.Lang)})
	}
	return v.Show(http.StatusOK, makeFault(view))
}

// makeFault makes a simulated platform fail.
func (c *pages) makeFault(v *desk.Visit) error {
	code, spec := v.Field("code"), v.Page.Spec(v.Field("platform"))
	if spec == nil || code == "" {
		return &desk.BadForm{Err: errors.New("demo: no such fault")}
	}
	times, known := map[string]int{"once": 1, "few": 3, "many": 1000}[v.Field("times")]
	if !known {
		return &desk.BadForm{Err: errors.New("demo: no such number of times")}
	}
	if err := c.box.Fault(v.Ctx(), spec.Code, code, times); err != nil {
		return err
	}
	v.SeeOther("/?done=fault")
	return nil
}
