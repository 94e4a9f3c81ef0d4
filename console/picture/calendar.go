// Package picture draws what the console shows as pictures: the ends of the next days, the clocks of a grant, a code to photograph.
package picture

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/store"
)

// Calendar is the ends of the next days as columns.
type Calendar struct {
	Days        []calendarDay
	Lines       []calendarLine
	Months      []calendarMonth // that begin on one of the days
	Weeks       []calendarWeek
	Total       int
	Seven       int // ends within seven days
	Thirty      int
	Height, Top int // of the whole, and of the number line's top, in pixels
	Next        string
	Busiest     string
	MostN       int
	Keys        []CalendarKey
}

// CalendarKey is the end of an app's key: a diamond on a stem.
type CalendarKey struct {
	At         time.Time
	Name, Link string // of the app

	X, Stem, Points string
	Title           string
}

type calendarDay struct {
	Date, Link, Title string
	X, Width          string // percent
	Parts             []calendarPart
	N                 int
	Label             string // number over the column; empty: none
	Y                 int    // of the column's top
}

type calendarPart struct{ Y, Height, Fill string }

type calendarLine struct{ Y, Text string }

type calendarWeek struct {
	Days                  string
	Ceiling, Fixed, Wanes int
	Sum                   int
}

const (
	CalendarHeight = 184 // of the columns' floor
	calendarTop    = 24
)

// fills of the kinds of ends, which differ by pattern before they differ by hue.
var fills = map[string]string{store.EndCeiling: "var(--accent)", store.EndToken: "url(#hatch)", store.EndRefresh: "url(#spots)"}

// calendarMonth is where a month begins.
type calendarMonth struct{ X, Text string }

// monthApart is how many days a month begins from either edge at least, so that its name has room.
const monthApart = 6

// NewCalendar lays out the ends that a census found, and those of the apps' keys.
func NewCalendar(p frame.Page, ends []store.EndCount, keys []CalendarKey) Calendar {
	first := today(p)
	byDay := endsByDay(ends, first)
	c := Calendar{Height: CalendarHeight + 26, Top: calendarTop, Seven: EndsWithin(p, ends, 7), Thirty: EndsWithin(p, ends, 30)}
	sums := make([]int, CalendarDays)
	for i, kinds := range byDay {
		for _, n := range kinds {
			sums[i] += n
		}
		c.Total += sums[i]
		c.MostN = max(c.MostN, sums[i])
	}
	top := max(float64(c.MostN)*1.1, 10)
	px := func(n int) float64 { return float64(n) / top * (CalendarHeight - calendarTop) }
	highest := slices.Sorted(slices.Values(sums))[CalendarDays-3]
	months := strings.Split(p.T("cal.months"), ",")
	for i := range CalendarDays {
		day := time.Unix((first+int64(i))*86400, 0).UTC()
		if day.Day() == 1 && i >= monthApart && i <= CalendarDays-monthApart {
			c.Months = append(c.Months, calendarMonth{PercentOf(float64(i) / CalendarDays), months[day.Month()-1]})
		}
		d := calendarDay{Date: day.Format("01-02"), N: sums[i], X: PercentOf(float64(i) / CalendarDays), Width: PercentOf(0.8 / CalendarDays)}
		d.Link = p.URL("/grants?ends_on=%s", day.Format(time.DateOnly))
		floor := float64(CalendarHeight)
		for _, kind := range []string{store.EndCeiling, store.EndToken, store.EndRefresh} {
			n := byDay[i][kind]
			if n == 0 {
				continue
			}
			height := max(px(n), 3)
			floor -= height
			d.Parts = append(d.Parts, calendarPart{fmt.Sprintf("%.1f", floor), fmt.Sprintf("%.1f", height), fills[kind]})
		}
		d.Y = int(floor)
		if d.N > 0 {
			d.Title = dayTitle(p, d, byDay[i][store.EndToken])
			if d.N >= highest {
				d.Label = strconv.Itoa(d.N)
			}
			if c.Next == "" {
				c.Next = day.Format(time.DateOnly)
			}
			if d.N == c.MostN && c.Busiest == "" {
				c.Busiest = d.Date
			}
		}
		c.Days = append(c.Days, d)
		week := i / 7
		if week == len(c.Weeks) {
			last := day.AddDate(0, 0, min(6, CalendarDays-1-i))
			c.Weeks = append(c.Weeks, calendarWeek{Days: d.Date + " – " + last.Format("01-02")})
		}
		w := &c.Weeks[week]
		w.Ceiling += byDay[i][store.EndCeiling]
		w.Fixed += byDay[i][store.EndToken]
		w.Wanes += byDay[i][store.EndRefresh]
		w.Sum += sums[i]
	}
	c.addKeys(p, keys, first)
	for _, part := range []float64{1. / 3, 2. / 3} {
		if n := int(top * part); n > 0 {
			c.Lines = append(c.Lines, calendarLine{fmt.Sprintf("%.1f", CalendarHeight-px(n)), strconv.Itoa(n)})
		}
	}
	return c
}

// dayTitle says what ends on a day, and how much of it cannot be refreshed.
func dayTitle(p frame.Page, d calendarDay, fixed int) string {
	if fixed > 0 {
		return p.T("cal.day.fixed", "Date", d.Date, "N", d.N, "Fixed", fixed)
	}
	return p.T("cal.day", "Date", d.Date, "N", d.N)
}

// addKeys puts the ends of keys over the columns of their days.
func (c *Calendar) addKeys(p frame.Page, keys []CalendarKey, first int64) {
	for _, k := range keys {
		_, offset := k.At.In(p.Zone).Zone()
		i := (k.At.Unix()+int64(offset))/86400 - first
		if i < 0 || i >= CalendarDays {
			continue
		}
		y := max(c.Days[i].Y-22, calendarTop+12)
		k.X, k.Stem = PercentOf((float64(i)+0.4)/CalendarDays), strconv.Itoa(y)
		k.Points = fmt.Sprintf("0,%d 6,%d 0,%d -6,%d", y-6, y, y+6, y)
		k.Title = p.T("cal.key", "App", k.Name, "Date", p.Day(k.At))
		c.Keys = append(c.Keys, k)
		if day := p.Day(k.At); c.Next == "" || day < c.Next {
			c.Next = day
		}
	}
}

// endsByDay counts what ends on each day of the calendar, by kind of end.
func endsByDay(ends []store.EndCount, first int64) []map[string]int {
	byDay := make([]map[string]int, CalendarDays)
	for _, e := range ends {
		i := e.Day - first
		if i < 0 || i >= CalendarDays {
			continue
		}
		if byDay[i] == nil {
			byDay[i] = map[string]int{}
		}
		byDay[i][e.Kind] += int(e.N)
	}
	return byDay
}

// PercentOf writes a share as SVG takes it.
func PercentOf(share float64) string { return strconv.FormatFloat(100*share, 'f', 2, 64) + "%" }

// Percent writes a share for people.
func Percent(share float64) string {
	if share >= 1 {
		return "100%"
	}
	return strconv.FormatFloat(min(100*share, 99.9), 'f', 1, 64) + "%"
}

// CalendarDays is how far the calendar looks.
const CalendarDays = 90

// today is the number of the day in a page's zone.
func today(p frame.Page) int64 {
	_, offset := p.Now.In(p.Zone).Zone()
	return (p.Now.Unix() + int64(offset)) / 86400
}

// EndsWithin is how many ends that need a person come in some days.
func EndsWithin(p frame.Page, ends []store.EndCount, days int64) (n int) {
	first := today(p)
	for _, e := range ends {
		if e.Day <= first+days {
			n += int(e.N)
		}
	}
	return n
}
