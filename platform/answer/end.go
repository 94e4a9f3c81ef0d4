package answer

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/platform"
)

// Longest is how far ahead an end is believed. The longest that a platform documents is a few years; a number beyond
// this is a mistake or an attack, and would put the next refresh off for ever.
const Longest = 20 * 365 * 24 * time.Hour

// ErrFar is wrapped by the error of an end beyond [Longest]. A driver whose platform writes such an end for "none" asks
// for it with errors.Is.
var ErrFar = errors.New("answer: an end too far ahead")

// far is a *platform.Garbled that ErrFar can be found in.
type far struct{ *platform.Garbled }

func (f far) Unwrap() []error { return []error{f.Garbled, ErrFar} }

// Form is how a platform says when something ends.
type Form int

// The forms that platforms use. ByName is of no use to tell them apart: expires_in is a moment on some of them.
const (
	Seconds Form = iota // seconds that are left
	Unix                // a moment in seconds since 1970
	Millis              // a moment in milliseconds since 1970
	Either              // seconds left, or a moment where the number is too large for that
)

// earliest is the first moment that an end may name, and the number from which on seconds are a moment: seconds left are
// 32 years there.
const earliest = 1_000_000_000

// Start is the moment that lives count from: when the request left, else when the answer came, else the app's clock.
func Start(app platform.App, asked platform.Asked, reply platform.Reply) time.Time {
	for _, at := range []time.Time{asked.At, reply.Received} {
		if !at.IsZero() {
			return at
		}
	}
	return app.Now
}

// Left reads a length of time in whole seconds, a number or its digits as text. told is false where the member is
// missing or null. Zero is a length: some platforms say so that a token cannot be refreshed.
func (o Object) Left(name string) (left time.Duration, told bool, err error) {
	n, told, err := o.whole(name)
	if err != nil || !told {
		return 0, told, err
	}
	if n < 0 {
		return 0, true, garbled(name + " is negative")
	}
	if n > int64(Longest/time.Second) {
		return 0, true, tooFar(name)
	}
	return time.Duration(n) * time.Second, true, nil
}

// Moment reads an absolute end in one of the forms Unix and Millis. It may lie in the past: an answer can be read long
// after it came.
func (o Object) Moment(name string, form Form, at time.Time) (end time.Time, told bool, err error) {
	n, told, err := o.whole(name)
	if err != nil || !told {
		return time.Time{}, told, err
	}
	scale := time.Second
	if form == Millis {
		scale = time.Millisecond
	}
	if n < earliest*int64(time.Second/scale) {
		return time.Time{}, true, garbled(name + " is no moment of this century")
	}
	if n > int64(1<<40)*int64(time.Second/scale) {
		return time.Time{}, true, tooFar(name)
	}
	end = time.Unix(n, 0).UTC()
	if form == Millis {
		end = time.UnixMilli(n).UTC()
	}
	return near(name, end, at)
}

// End reads when a token ends, in a given form. A life of no seconds is no end that a fresh token can have.
func (o Object) End(name string, form Form, at time.Time) (end time.Time, told bool, err error) {
	if form == Either {
		n, _, err := o.whole(name)
		if err != nil {
			return time.Time{}, true, err
		}
		form = Seconds
		if n >= earliest {
			form = Unix
		}
	}
	if form != Seconds {
		return o.Moment(name, form, at)
	}
	left, told, err := o.Left(name)
	if err != nil || !told {
		return time.Time{}, told, err
	}
	if left == 0 {
		return time.Time{}, true, garbled(name + " leaves no time")
	}
	return at.Add(left).UTC(), true, nil
}

// TextEnd reads an absolute end that is written as text: RFC 3339, or date and time in the zone that the platform means.
func (o Object) TextEnd(name string, zone *time.Location, at time.Time) (end time.Time, told bool, err error) {
	if !o.Has(name) {
		return time.Time{}, false, nil
	}
	var text string
	if err := json.Unmarshal(o[name], &text); err != nil {
		return time.Time{}, true, garbled(name + " is no text")
	}
	end, err = time.Parse(time.RFC3339, text)
	if err != nil {
		end, err = time.ParseInLocation(time.DateTime, strings.Replace(text, "T", " ", 1), zone)
	}
	if err != nil || end.Unix() < earliest {
		return time.Time{}, true, garbled(name + " is no moment")
	}
	return near(name, end.UTC(), at)
}

// whole reads a whole number, also as text of digits. A fraction, an exponent, a sign of plus and anything else are
// errors: a life that is rounded or guessed is one that nobody stated.
func (o Object) whole(name string) (n int64, told bool, err error) {
	if !o.Has(name) {
		return 0, false, nil
	}
	text := platform.JSONText(o[name])
	if text == "" || strings.HasPrefix(text, "+") {
		return 0, true, garbled(name + " is not a whole number")
	}
	n, err = strconv.ParseInt(text, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, true, tooFar(name)
	}
	if err != nil {
		return 0, true, garbled(name + " is not a whole number")
	}
	return n, true, nil
}

// near refuses an end beyond what is believed. Without a moment to count from, nothing can be said of it.
func near(name string, end, at time.Time) (time.Time, bool, error) {
	if !at.IsZero() && end.After(at.Add(Longest)) {
		return time.Time{}, true, tooFar(name)
	}
	return end, true, nil
}

func tooFar(name string) error { return far{garbled(name + " lies further ahead than an end can")} }
