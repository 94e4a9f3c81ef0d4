package sqlstore

import (
	"context"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// moves are the conditions by which it is somebody's move, as [gk.Grant.WhoseMove] has it. Each part names what one of the
// partial indexes of grants is partial by, and no grant is in two of them.
func moves(whose string) []string {
	var parts []string
	switch whose {
	case gk.MoveVendor:
		parts = append(parts, `state <> 'active' AND state <> 'revoked' AND state = 'held'`)
	case gk.MoveMerchant:
		parts = append(parts, `state <> 'active' AND state <> 'revoked' AND state = 'expired'`,
			`renewable = 0 AND expires_at > 0 AND fault = '' AND state IN ('active', 'suspended')`)
	}
	var faults []string
	for _, action := range gk.Actions() {
		if action.Move() == whose {
			// The quotes of a platform's own words are escaped in the text, so none of them reads like this.
			faults = append(faults, `fault LIKE '%"action":"`+literal(string(action))+`"%' ESCAPE '\'`)
		}
	}
	if len(faults) > 0 {
		parts = append(parts, `fault <> '' AND state <> 'revoked' AND state IN ('active', 'suspended') AND (`+strings.Join(faults, ` OR `)+`)`)
	}
	return parts
}

// moved adds that it is somebody's move.
func (w *where) moved(whose string) {
	parts := moves(whose)
	if len(parts) == 0 {
		w.text.WriteString(" AND 1 = 0")
		return
	}
	w.text.WriteString(` AND id IN (SELECT id FROM grants WHERE ` + strings.Join(parts, ` UNION ALL SELECT id FROM grants WHERE `) + `)`)
}

// Summary implements [store.Overview].
func (s *Store) Summary(ctx context.Context, v gk.Viewer, now time.Time, within ...time.Duration) (found store.Summary, err error) {
	err = s.lists(v).Snapshot(ctx, func(ctx context.Context, q Querier) error {
		found = store.Summary{Platform: map[string]int64{}, State: map[string]int64{}, WhoseMove: map[string]int64{}}
		counts, err := grantCounts(ctx, q, v)
		if err != nil {
			return err
		}
		for _, c := range counts {
			found.Total += c.N
			found.Platform[c.Platform] += c.N
			found.State[string(c.State)] += c.N
		}
		for _, whose := range []string{gk.MoveUs, gk.MoveVendor, gk.MoveMerchant, gk.MovePlatform} {
			for _, part := range moves(whose) {
				var w where
				w.seen(v, "app_id", "owner")
				n, err := one(ctx, q, scanNumber, `SELECT COUNT(*) FROM grants WHERE `+part+w.text.String(), w.args...)
				if err != nil {
					return err
				}
				if n > 0 {
					found.WhoseMove[whose] += n
				}
			}
		}
		for _, long := range within {
			w := where{args: []any{ms(now), ms(now.Add(long))}}
			w.seen(v, "app_id", "owner")
			seen := ` AND state IN ('active', 'suspended', 'held')` + w.text.String()
			n, err := one(ctx, q, scanNumber, `SELECT COUNT(*) FROM (
				SELECT id FROM grants WHERE authorization_expires_at > 0 AND authorization_expires_at >= $1 AND authorization_expires_at < $2`+seen+`
				UNION SELECT id FROM grants WHERE renewable = 0 AND expires_at > 0 AND expires_at >= $1 AND expires_at < $2`+seen+`) AS ending`, w.args...)
			if err != nil {
				return err
			}
			found.Ends = append(found.Ends, n)
		}
		return nil
	})
	return found, err
}
