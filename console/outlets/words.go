package outlets

import (
	"fmt"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/store"
)

// spanOf writes a number of hours.
func spanOf(p frame.Page, hours int) string { return p.Span(time.Duration(hours) * time.Hour) }

// deliveryTone is how loudly the state of a delivery is said.
func deliveryTone(state string) string {
	switch state {
	case store.Delivered:
		return "ok"
	case store.Failed:
		return "bad"
	}
	return "warn"
}

// lastOf says how the last attempt of a delivery went, and when the next one comes. Of an answer there is the status, of a
// failure the class: what stands at the address is not told.
func lastOf(p frame.Page, d store.Delivery) string {
	var parts []string
	if d.Attempts > 0 {
		parts = append(parts, p.T("delivery.attempt", "N", d.Attempts), p.At(d.LastAt))
		switch {
		case d.LastError != "" && d.LastError != "answer":
			parts = append(parts, p.T("delivery.error."+d.LastError))
		case d.LastStatus > 0:
			parts = append(parts, fmt.Sprint(d.LastStatus))
		}
		parts = append(parts, p.T("delivery.took", "S", fmt.Sprintf("%.1f", d.LastTook.Seconds())))
	}
	if d.State == store.Pending && !d.DueAt.IsZero() {
		parts = append(parts, p.T("delivery.next", "T", p.At(d.DueAt)))
	}
	return strings.Join(parts, " · ")
}
