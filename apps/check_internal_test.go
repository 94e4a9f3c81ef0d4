package apps

import (
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/platform/shopee"
)

// TestKeyNearItsEndSaysWhatToDo looks at a platform's key long before its end, shortly before, and after.
func TestKeyNearItsEndSaysWhatToDo(t *testing.T) {
	end := time.Date(2026, 12, 9, 0, 0, 0, 0, time.UTC)
	const remedy = "grantkeep app update app_1 --set partner_key_expires_at=YYYY-MM-DDT00:00:00Z --secret partner_key=FILE"
	for _, c := range []struct {
		before time.Duration
		state  string
		want   []string
	}{
		{31 * 24 * time.Hour, CheckOK, []string{"ends on 2026-12-09"}},
		{8 * 24 * time.Hour, CheckFailed, []string{"ends on 2026-12-09", remedy}},
		{-time.Hour, CheckFailed, []string{"ended on 2026-12-09", remedy}},
	} {
		got := checkKeyEnd(shopee.New().Spec().Facts, "app_1", end, end.Add(-c.before))
		for _, want := range c.want {
			if got.State != c.state || !strings.Contains(got.Detail, want) {
				t.Errorf("%v before its end the key is %s: %s; want %s and %q", c.before, got.State, got.Detail, c.state, want)
			}
		}
	}
}
