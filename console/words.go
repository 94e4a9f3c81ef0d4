package console

import (
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/console/frame"
)

// utc writes a moment for machines.
func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// barLabel says a bar of states in words.
func barLabel(p frame.Page, list []stateCount) string {
	parts := make([]string, 0, len(list))
	for _, s := range list {
		parts = append(parts, p.T("state."+string(s.State))+" "+frame.Count(s.N))
	}
	return strings.Join(parts, ", ")
}
