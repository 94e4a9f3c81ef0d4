package picture

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/frame"
)

// Clocks is the lanes of a grant's ends on one axis whose bands have scales of their own.
type Clocks struct {
	Lanes  []Lane
	Bands  []band
	Height int
	Foot   int // y of the axis
	Label  string
	Ended  string // x of the moment that ended everything; empty: nothing did
	Before bool   // its word stands before the line, since there is no room behind
	Fine   []fineTick
}

// fineTick is a tick inside a band, which a telephone does not show.
type fineTick struct{ X, Label string }

// Lane is one end of a grant.
type Lane struct {
	Y                int
	Name, Text       string
	More             string // second clause of the sentence, which a telephone does not show
	Words            bool   // no end is known: there is no bar
	Planned          string // x of the refresh that is planned; empty: none is
	Tone             string // class of the sentence
	Past, Future     bar
	End              string // x of the upright mark; empty: none
	EndFill          string
	From, Until, Who string // for the table
}

type bar struct{ X, Width, Fill string }

type band struct {
	X, Width, Tick, Label string
	Shade                 bool
	Coarse                bool // its tick is shown on a telephone too
}

// axis is the bands: their share of the width and where they begin, in hours from this moment.
var axis = []struct {
	share    float64
	from, to float64
	label    string
	coarse   bool
}{
	{9, -24 * 365, -24 * 30, "band.older", false}, {13, -24 * 30, -24, "band.month.back", true}, {22, -24, 0, "band.day.back", true},
	{22, 0, 24, "band.day", true}, {18, 24, 24 * 30, "band.month", true}, {16, 24 * 30, 24 * 365, "band.year", true},
}

// place returns where a moment lies on the axis, in percent.
func place(d time.Duration) float64 {
	hours, x := d.Hours(), 0.0
	for _, b := range axis {
		if hours < b.to || b.label == "band.year" {
			inside := (math.Max(math.Min(hours, b.to), b.from) - b.from) / (b.to - b.from)
			return x + b.share*inside
		}
		x += b.share
	}
	return x
}

const laneHeight = 56

// NewClocks lays out the ends of a grant.
func NewClocks(p frame.Page, g *gk.Grant) Clocks {
	var c Clocks
	over := g.State == gk.Expired || g.State == gk.Revoked
	unknown := func(name, text string) {
		if len(g.Access) > 0 {
			c.Lanes = append(c.Lanes, Lane{Y: 39 + laneHeight*len(c.Lanes), Name: name, Text: text, Tone: "f-text2", Words: true, From: "–", Until: text})
		}
	}
	add := func(name string, from, until time.Time, who string, needsPerson bool) {
		l := newLane(p, over, from, until, needsPerson)
		l.Y, l.Name, l.Who = 39+laneHeight*len(c.Lanes), name, who
		c.Lanes = append(c.Lanes, l)
	}
	us, merchant := p.T("clock.by.us"), p.T("clock.by.merchant")
	who := us
	if !g.Renewable {
		who = merchant
	}
	if g.Expires.IsZero() {
		unknown(p.T("clock.access"), p.T("clock.unknown"))
	} else {
		add(p.T("clock.access"), g.PairAskedAt, g.Expires, who, !g.Renewable)
		if l := &c.Lanes[0]; g.Renewable && !over && g.DueAt.After(p.Now) && g.DueAt.Before(g.Expires) {
			l.Planned, l.More = PercentOf(place(g.DueAt.Sub(p.Now))/100), " · "+p.T("clock.renews", "T", p.At(g.DueAt))
		}
	}
	switch {
	case !g.RefreshExpires.IsZero():
		add(p.T("clock.refresh"), g.PairAskedAt, g.RefreshExpires, us, g.State == gk.Suspended)
	case g.Renewable:
		unknown(p.T("clock.refresh"), p.T("clock.unknown"))
	}
	if g.Ceiling.IsZero() {
		unknown(p.T("clock.ceiling"), p.T("clock.unknown"))
	} else {
		add(p.T("clock.ceiling"), g.AuthorizedAt, g.Ceiling, merchant, true)
	}
	for _, name := range windowsOf(g) {
		add(p.T("clock.window", "Level", strings.ToUpper(name)), g.PairAskedAt, g.Windows[name], us, false)
	}
	c.mark(p, g)
	c.draw(p)
	return c
}

// newLane draws one clock: what has passed of it, what is left, and in which tone it is told.
func newLane(p frame.Page, over bool, from, until time.Time, needsPerson bool) Lane {
	l := Lane{From: p.Moment(from), Until: p.Moment(until)}
	start := from
	if start.IsZero() {
		start = p.Now
	}
	x0, xNow, x1 := place(start.Sub(p.Now)), place(0), place(until.Sub(p.Now))
	l.End = PercentOf(x1 / 100)
	l.Past = bar{PercentOf(x0 / 100), PercentOf(math.Max(math.Min(xNow, x1)-x0, 0) / 100), "url(#ended)"}
	switch {
	case !until.After(p.Now):
		l.Text, l.Tone, l.EndFill = p.T("clock.over", "T", p.At(until)), "f-bad", "var(--bad-fill)"
		if !needsPerson && !over {
			l.Tone, l.EndFill = "f-text2", "var(--off-fill)"
		}
	case over:
		l.Text, l.Tone, l.EndFill = p.T("clock.refused"), "f-text2", "var(--off-fill)"
		l.More = " · " + p.T("clock.until", "T", p.At(until))
		l.Future = bar{PercentOf(xNow / 100), PercentOf((x1 - xNow) / 100), "var(--sunk)"}
	default:
		fill := "var(--ok-fill)"
		if needsPerson && until.Sub(p.Now) < 30*24*time.Hour {
			fill, l.Tone = "var(--warn-fill)", "f-warn"
		} else {
			l.Tone = "f-text2"
		}
		l.Text, l.EndFill = p.T("clock.until", "T", p.At(until)), fill
		l.Past.Fill = "var(--ok-soft)"
		l.Future = bar{PercentOf(xNow / 100), PercentOf(math.Max(x1-xNow, 0.4) / 100), fill}
	}
	return l
}

// windowsOf names the windows of a grant that have an end, in their order.
func windowsOf(g *gk.Grant) []string {
	var names []string
	for name, end := range g.Windows {
		if !end.IsZero() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// draw lays out the axis below the lanes, and says them all in one sentence each.
func (c *Clocks) draw(p frame.Page) {
	x := 0.0
	for i, b := range axis {
		c.Bands = append(c.Bands, band{X: PercentOf(x / 100), Width: PercentOf(b.share / 100), Label: p.T(b.label), Tick: tick(p, b.from), Shade: i%2 == 0, Coarse: b.coarse})
		x += b.share
	}
	c.Foot = 22 + laneHeight*len(c.Lanes)
	c.Height = c.Foot + 40
	sentences := make([]string, 0, len(c.Lanes))
	for _, l := range c.Lanes {
		sentences = append(sentences, l.Name+": "+l.Text+l.More)
	}
	c.Label = strings.Join(sentences, ". ")
}

// mark adds the moment that ended everything, and the ticks inside the bands.
func (c *Clocks) mark(p frame.Page, g *gk.Grant) {
	if at := endedAt(g, p.Now); !at.IsZero() && len(c.Lanes) > 0 {
		x := place(at.Sub(p.Now))
		c.Ended, c.Before = PercentOf(x/100), x > 20
	}
	for _, hours := range []float64{-12, 12, 15 * 24, 180 * 24} {
		label := p.T("tick.days", "N", fmt.Sprint(int(hours/24)))
		if math.Abs(hours) < 24 {
			label = p.T("tick.hours", "N", 12)
		}
		c.Fine = append(c.Fine, fineTick{PercentOf(place(time.Duration(hours*float64(time.Hour))) / 100), label})
	}
}

// endedAt is the moment that ended a grant for good; zero where it lives.
func endedAt(g *gk.Grant, now time.Time) time.Time {
	switch {
	case g.State == gk.Revoked:
		return g.UpdatedAt
	case g.State != gk.Expired:
		return time.Time{}
	case !g.Ceiling.IsZero() && !g.Ceiling.After(now):
		return g.Ceiling
	case g.Fault != nil && !g.Fault.At.IsZero():
		return g.Fault.At.Time
	case !g.Expires.IsZero() && !g.Expires.After(now):
		return g.Expires
	}
	return g.UpdatedAt
}

// tick names the beginning of a band.
func tick(p frame.Page, hours float64) string {
	switch {
	case hours == 0:
		return ""
	case math.Abs(hours) <= 24:
		return p.T("tick.days", "N", 1)
	}
	return p.T("tick.days", "N", fmt.Sprint(int(math.Abs(hours)/24)))
}

// Middle is the middle of a band, for its label.
func (b band) Middle() string {
	var x, w float64
	if _, err := fmt.Sscanf(b.X+" "+b.Width, "%f%% %f%%", &x, &w); err != nil {
		return b.X
	}
	return PercentOf((x + w/2) / 100)
}

// TextY and BarY are where a lane's words and bar stand.
func (l Lane) TextY() string { return fmt.Sprint(l.Y) }
func (l Lane) BarY() string  { return fmt.Sprint(l.Y + 9) }
func (l Lane) EndY() string  { return fmt.Sprint(l.Y + 5) }

// Diamond is the sign of the refresh that is planned, on the bar's middle.
func (l Lane) Diamond() string {
	return fmt.Sprintf("0,%d 7,%d 0,%d -7,%d", l.Y+9, l.Y+16, l.Y+23, l.Y+16)
}
