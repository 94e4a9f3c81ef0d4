package apps_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform/shopee"
)

// TestKeyIsWarnedOfThrice: 30, 7 and 1 days before the platform's key of an app ends, each once, and again for the next key.
func TestKeyIsWarnedOfThrice(t *testing.T) {
	d := shopee.New()
	const setting = "partner_key_expires_at"
	end := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	app := gk.App{ID: "app_1", Platform: "shopee", Settings: map[string]string{setting: end.Format(time.RFC3339)}, Cursors: map[string]string{}}
	warned := func(from time.Time) (days []int64) {
		for now := from.AddDate(0, 0, -40); now.Before(from.AddDate(0, 0, 3)); now = now.Add(7 * time.Hour) {
			for _, e := range apps.WarnKey(d, &app, now) {
				if e.Kind != gk.EventAppKeyExpiring || e.App != app.ID || e.Data["setting"] != setting || e.Data["ends_at"] != from.Format(time.RFC3339) {
					t.Errorf("told as %+v", e)
				}
				days = append(days, e.Data["days"].(int64))
			}
		}
		return days
	}
	for range 2 {
		if got := warned(end); len(got) != 3 || got[0] != 30 || got[1] != 7 || got[2] != 1 {
			t.Errorf("warned at %v days, want at 30, 7 and 1", got)
		}
		end = end.AddDate(1, 0, 0)
		app.Settings[setting] = end.Format(time.RFC3339)
	}
}
