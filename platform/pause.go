package platform

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// midnight stands in limits.pause for the end of the day in the refresh's zone.
const midnight = "midnight"

// PauseAfter returns how long calls must stop after the platform answered with a code at the given moment; zero where
// the facts do not say.
func (f *Facts) PauseAfter(code string, at time.Time) time.Duration {
	text, ok := f.Limits.Pause[code]
	if !ok {
		return 0
	}
	if text == midnight {
		local := at.In(f.Refresh.Location())
		return time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, local.Location()).Sub(at)
	}
	var d Duration
	_ = d.UnmarshalText([]byte(text)) // checked when the facts were read
	return time.Duration(d)
}

func (l Limits) check() error {
	var errs []error
	for _, code := range slices.Sorted(maps.Keys(l.Pause)) {
		var d Duration
		if text := l.Pause[code]; text != midnight && (d.UnmarshalText([]byte(text)) != nil || d == 0) {
			errs = append(errs, fmt.Errorf("limits.pause.%s: %q is neither a duration nor midnight", code, text))
		}
	}
	for i, c := range l.Calls {
		errs = append(errs, oneOf(fmt.Sprintf("limits.calls[%d].per", i), c.Per, "grant", "shop", "app", "operation"))
		if c.Burst < 1 || c.Second <= 0 {
			errs = append(errs, fmt.Errorf("limits.calls[%d] needs burst and second", i))
		}
	}
	return errors.Join(errs...)
}
