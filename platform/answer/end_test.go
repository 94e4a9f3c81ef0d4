package answer_test

import (
	"errors"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

var asked = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// An empty want is an end that is not told; "!" is one that cannot be.
func TestEndsInEveryForm(t *testing.T) {
	china := time.FixedZone("GMT+8", 8*60*60)
	form := func(f answer.Form) func(answer.Object) (time.Time, bool, error) {
		return func(o answer.Object) (time.Time, bool, error) { return o.End("e", f, asked) }
	}
	text := func(o answer.Object) (time.Time, bool, error) { return o.TextEnd("e", china, asked) }
	for _, c := range []struct {
		read      func(answer.Object) (time.Time, bool, error)
		raw, want string
	}{
		{form(answer.Seconds), `14400`, "2026-11-30T16:00:00Z"},
		{form(answer.Seconds), `"1494"`, "2026-11-30T12:24:54Z"},
		{form(answer.Seconds), `null`, ""},
		{form(answer.Seconds), ``, ""},
		{form(answer.Seconds), `-1`, "!"},
		{form(answer.Seconds), `0`, "!"},
		{form(answer.Seconds), `1e18`, "!"},
		{form(answer.Seconds), `1000000000000000000`, "!"},
		{form(answer.Seconds), `99999999999999999999`, "!"},
		{form(answer.Seconds), `"NaN"`, "!"},
		{form(answer.Seconds), `"Infinity"`, "!"},
		{form(answer.Seconds), `"4 hours"`, "!"},
		{form(answer.Seconds), `"14400 "`, "!"},
		{form(answer.Seconds), `"+14400"`, "!"},
		{form(answer.Seconds), `"0x10"`, "!"},
		{form(answer.Seconds), `14400.5`, "!"},
		{form(answer.Seconds), `""`, "!"},
		{form(answer.Seconds), `true`, "!"},
		{form(answer.Seconds), `[14400]`, "!"},
		{form(answer.Seconds), `{"s":14400}`, "!"},
		{form(answer.Unix), `1796054400`, "2026-11-30T16:00:00Z"},
		{form(answer.Unix), `"1796054400"`, "2026-11-30T16:00:00Z"},
		{form(answer.Unix), `1796054400000`, "!"}, // milliseconds where seconds are documented
		{form(answer.Unix), `0`, "!"},
		{form(answer.Unix), `14400`, "!"},
		{form(answer.Unix), `-1796054400`, "!"},
		{form(answer.Millis), `1796054400123`, "2026-11-30T16:00:00.123Z"},
		{form(answer.Millis), `1796054400`, "!"}, // seconds where milliseconds are documented
		{form(answer.Millis), `9223372036854775807`, "!"},
		{form(answer.Either), `604800`, "2026-12-07T12:00:00Z"},
		{form(answer.Either), `1796054400`, "2026-11-30T16:00:00Z"},
		{form(answer.Either), `0`, "!"},
		{form(answer.Either), `"soon"`, "!"},
		{form(answer.Either), ``, ""},
		{text, `"2026-12-01 00:00:00"`, "2026-11-30T16:00:00Z"},
		{text, `"2026-12-01T00:00:00"`, "2026-11-30T16:00:00Z"},
		{text, `"2026-12-01T00:00:00+08:00"`, "2026-11-30T16:00:00Z"},
		{text, `"2026-11-30T16:00:00.5Z"`, "2026-11-30T16:00:00.5Z"},
		{text, `"0000-00-00 00:00:00"`, "!"},
		{text, `"9999-12-31 23:59:59"`, "!"},
		{text, `"tomorrow"`, "!"},
		{text, `1796054400`, "!"},
		{text, `null`, ""},
	} {
		o := answer.Object{}
		if c.raw != "" {
			o["e"] = []byte(c.raw)
		}
		end, told, err := c.read(o)
		got := ""
		switch {
		case err != nil:
			got = "!"
			if !errors.Is(err, platform.ErrGarbage) || !end.IsZero() {
				t.Errorf("%s: %v, %s", c.raw, err, end)
			}
		case told:
			got = end.Format(time.RFC3339Nano)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q (%v)", c.raw, got, c.want, err)
		}
	}
}

func TestAnEndTooFarAheadCanBeToldFromADamagedOne(t *testing.T) {
	for raw, far := range map[string]bool{`1000000000000000000`: true, `4102444800000`: true, `-1`: false, `"NaN"`: false} {
		_, _, err := answer.Object{"e": []byte(raw)}.End("e", answer.Unix, asked)
		if errors.Is(err, answer.ErrFar) != far {
			t.Errorf("%s: %v", raw, err)
		}
		var g *platform.Garbled
		if !errors.As(err, &g) {
			t.Errorf("%s: %v is no *platform.Garbled", raw, err)
		}
	}
}

func TestNoTimeLeftIsALengthButNoEnd(t *testing.T) {
	left, told, err := answer.Object{"e": []byte(`0`)}.Left("e")
	if left != 0 || !told || err != nil {
		t.Errorf("zero seconds left: %s, %t, %v", left, told, err)
	}
}

func TestAPastMomentIsRead(t *testing.T) {
	end, told, err := answer.Object{"e": []byte(`1300000000`)}.End("e", answer.Unix, asked)
	if err != nil || !told || end.Year() != 2011 {
		t.Errorf("an answer that is read long after it came: %s, %v", end, err)
	}
}

func TestLivesCountFromTheRequest(t *testing.T) {
	now, received := asked.Add(2*time.Hour), asked.Add(time.Second)
	app := platform.App{Now: now}
	for _, c := range []struct {
		asked, received, want time.Time
	}{{asked, received, asked}, {time.Time{}, received, received}, {time.Time{}, time.Time{}, now}} {
		if got := answer.Start(app, platform.Asked{At: c.asked}, platform.Reply{Received: c.received}); !got.Equal(c.want) {
			t.Errorf("asked %s, received %s: %s", c.asked, c.received, got)
		}
	}
}
