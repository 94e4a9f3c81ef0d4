package console

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
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
	// Fill connects some shops on every platform, as their merchants would.
	Fill(ctx context.Context) error
}

// longestJump is as far as one press moves the time.
const longestJump = 400 * 24 * time.Hour

// advance moves the demo's clock.
func (c *console) advance(v *desk.Visit) error {
	if v.Field("by") == "next" {
		if _, err := c.o.Demo.ToNext(v.Ctx()); err != nil {
			return err
		}
	} else {
		by, err := time.ParseDuration(v.Field("by"))
		if err != nil || by <= 0 || by > longestJump {
			return &desk.BadForm{Err: errors.New("console: no such step of time")}
		}
		if err := c.o.Demo.Advance(v.Ctx(), by); err != nil {
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
func (c *console) fill(v *desk.Visit) error {
	if err := c.o.Demo.Fill(v.Ctx()); err != nil {
		c.Log.Warn("console", "act", "fill", "error", err) // some of them stand
	}
	v.SeeOther("/")
	return nil
}

// faultView is the page that makes a fault happen.
type faultView struct {
	frame.Page
	Platform string
	Tricks   []string
	Rows     []faultRow
}

type faultRow struct{ Code, Stage, Cause string }

// faultForm offers what can go wrong on a platform.
func (c *console) faultForm(v *desk.Visit) error {
	view := faultView{Page: v.Page, Platform: v.R.URL.Query().Get("platform"), Tricks: c.o.Demo.Tricks()}
	if view.Platform == "" {
		view.Platform = c.o.Drivers[0].Spec().Code
	}
	spec := v.Page.Spec(view.Platform)
	if spec == nil {
		return c.noPage(v)
	}
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
func (c *console) makeFault(v *desk.Visit) error {
	code, spec := v.Field("code"), v.Page.Spec(v.Field("platform"))
	if spec == nil || code == "" {
		return &desk.BadForm{Err: errors.New("console: no such fault")}
	}
	times := 1
	if v.Field("times") == "many" {
		times = 1000
	}
	if err := c.o.Demo.Fault(v.Ctx(), spec.Code, code, times); err != nil {
		return err
	}
	v.SeeOther("/?done=fault")
	return nil
}
