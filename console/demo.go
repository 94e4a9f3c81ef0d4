package console

import (
	"context"
	"errors"
	"net/http"
	"time"

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
func (c *console) advance(v *visit) error {
	if v.field("by") == "next" {
		if _, err := c.o.Demo.ToNext(v.ctx()); err != nil {
			return err
		}
	} else {
		by, err := time.ParseDuration(v.field("by"))
		if err != nil || by <= 0 || by > longestJump {
			return &badForm{errors.New("console: no such step of time")}
		}
		if err := c.o.Demo.Advance(v.ctx(), by); err != nil {
			return err
		}
	}
	if back := c.next(v.field("back")); back != "" {
		v.leave(back)
		return nil
	}
	v.seeOther("/")
	return nil
}

// fill connects some shops.
func (c *console) fill(v *visit) error {
	if err := c.o.Demo.Fill(v.ctx()); err != nil {
		c.log.Warn("console", "act", "fill", "error", err) // some of them stand
	}
	v.seeOther("/")
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
func (c *console) faultForm(v *visit) error {
	view := faultView{Page: v.page, Platform: v.r.URL.Query().Get("platform"), Tricks: c.o.Demo.Tricks()}
	if view.Platform == "" {
		view.Platform = c.o.Drivers[0].Spec().Code
	}
	spec := v.page.Spec(view.Platform)
	if spec == nil {
		return c.noPage(v)
	}
	seen := map[string]bool{}
	for _, row := range spec.Catalogue.Rows() {
		if row.Code == "" || seen[row.Code] || row.Stage != "refresh" && row.Stage != "call" {
			continue
		}
		seen[row.Code] = true
		view.Rows = append(view.Rows, faultRow{row.Code, row.Stage, row.Cause.In(v.page.Lang)})
	}
	return v.show(http.StatusOK, makeFault(view))
}

// makeFault makes a simulated platform fail.
func (c *console) makeFault(v *visit) error {
	code, spec := v.field("code"), v.page.Spec(v.field("platform"))
	if spec == nil || code == "" {
		return &badForm{errors.New("console: no such fault")}
	}
	times := 1
	if v.field("times") == "many" {
		times = 1000
	}
	if err := c.o.Demo.Fault(v.ctx(), spec.Code, code, times); err != nil {
		return err
	}
	v.seeOther("/?done=fault")
	return nil
}
