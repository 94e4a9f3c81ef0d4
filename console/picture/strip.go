package picture

import (
	"fmt"
	"time"

	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/store"
)

// Strip is how refreshes went on a platform in the last day, half hour by half hour.
type Strip struct {
	Cells      []StripCell
	Label      string // the picture in a sentence
	Share      string // of the refreshes that came; a dash where there were none
	Tone       string // ok, warn, bad; empty: there were none
	OK, Failed int64
}

// StripCell is half an hour. What failed fills it from below.
type StripCell struct {
	X, Width   string
	Empty      bool
	Link       string // to the events of the half hour; empty where nothing came
	Title      string
	FailY      string // empty: nothing failed
	FailHeight string
	FailFill   string
}

const (
	stripCells  = 48
	StripHeight = 26
	leastFailed = 6.0 // pixels, so that one of thousands is seen
	fewFailed   = 0.3 // up to this share of a half hour failures are amber
	minuteForm  = "2006-01-02T15:04"
)

// NewStrip draws the counts of one platform.
func NewStrip(p frame.Page, platform string, counts []store.HalfHour) Strip {
	first := p.Now.Truncate(store.HalfHourLength).Add(-(stripCells - 1) * store.HalfHourLength)
	s := Strip{Share: "–"}
	byCell := make([]store.HalfHour, stripCells)
	for _, c := range counts {
		if i := int(c.Slot.Sub(first) / store.HalfHourLength); c.Platform == platform && !c.Slot.Before(first) && i < stripCells {
			byCell[i] = c
		}
	}
	failing, last := 0, time.Time{}
	for i, c := range byCell {
		cell := StripCell{X: PercentOf(float64(i) / stripCells), Width: PercentOf(0.74 / stripCells), Empty: c.OK+c.Failed == 0}
		if from := first.Add(time.Duration(i) * store.HalfHourLength).In(p.Zone); !cell.Empty {
			cell.Link = p.URL("/events?platform=%s&from=%s&to=%s", platform, from.Format(minuteForm), from.Add(store.HalfHourLength).Format(minuteForm))
			cell.Title = p.T("strip.cell", "T", from.Format("15:04"), "OK", frame.Count(c.OK), "Failed", frame.Count(c.Failed))
		}
		if c.Failed > 0 {
			share := float64(c.Failed) / float64(c.OK+c.Failed)
			height := max(share*StripHeight, leastFailed)
			cell.FailY, cell.FailHeight, cell.FailFill = fmt.Sprintf("%.1f", StripHeight-height), fmt.Sprintf("%.1f", height), "var(--bad-fill)"
			if share <= fewFailed {
				cell.FailFill = "var(--warn-fill)"
			}
			failing, last = failing+1, first.Add(time.Duration(i)*store.HalfHourLength)
		}
		s.OK, s.Failed = s.OK+c.OK, s.Failed+c.Failed
		s.Cells = append(s.Cells, cell)
	}
	name := p.PlatformName(platform)
	switch {
	case s.OK+s.Failed == 0:
		s.Label = p.T("strip.none", "Platform", name)
		return s
	case failing == 0:
		s.Label = p.T("strip.well", "Platform", name)
	default:
		s.Label = p.T("strip.failing", "Platform", name, "N", failing, "T", p.At(last))
	}
	share := float64(s.OK) / float64(s.OK+s.Failed)
	s.Share, s.Tone = Percent(share), "ok"
	switch {
	case share < 1-fewFailed:
		s.Tone = "bad"
	case share < 0.99:
		s.Tone = "warn"
	}
	return s
}
