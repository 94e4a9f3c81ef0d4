package bench

import (
	"fmt"
	"io"
	"time"
)

// report is the table that is printed as it grows.
type report struct{ out io.Writer }

func (r *report) head(database string) {
	_, _ = fmt.Fprintf(r.out, "\n%-9s %-42s %12s %12s %8s\n", database, "work", "seen", "floor", "ratio") // a reader who left misses nothing
}

// line tells a figure beside its floor; what is the floor's name.
func (r *report) line(work string, seen float64, unit string, floor float64, what string) {
	ratio := ""
	if floor > 0 {
		ratio = fmt.Sprintf("%.2f of %s", seen/floor, what)
	}
	_, _ = fmt.Fprintf(r.out, "%-9s %-42s %12s %12s %s\n", "", work, figure(seen)+unit, figure(floor), ratio)
}

// text tells what is no measure.
func (r *report) text(work, seen string) {
	_, _ = fmt.Fprintf(r.out, "%-9s %-42s %12s\n", "", work, seen)
}

func figure(n float64) string {
	switch {
	case n == 0:
		return "–"
	case n < 100:
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.0f", n)
}

// rate is how many a second.
func rate(n int, took time.Duration) float64 { return float64(n) / took.Seconds() }
