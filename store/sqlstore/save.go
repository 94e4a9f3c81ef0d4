package sqlstore

import (
	"context"
	"database/sql/driver"
	"strings"

	"github.com/grantkeep/grantkeep/store"
)

// saveText stores a pair: $1 and so on are one refresh's values, in the order of saveValues.
const saveText = `UPDATE grants SET
			access = $4, refresh = $5, key_id = $6, generation = generation + 1,
			pair_from = $3, pair_spent = $2, pair_asked_at = $7,
			expires_at = $8, refresh_token_expires_at = $9, windows = $10, due_at = $11, renewable = $12,
			facts = CASE WHEN CAST($16 AS TEXT) = '' THEN facts ELSE $16 END,
			state = CASE WHEN state = 'held' THEN 'held' ELSE 'active' END, fault = '', failures = 0, retry_at = 0,
			attempt_id = '', attempt_by = '', attempt_at = 0, attempt_until = 0, doubts = 0, doubt_since = 0,
			version = version + 1, updated_at = $13
		WHERE grants.id = $1 AND generation = $2 AND state <> 'revoked'
			AND (attempt_id = '' OR attempt_id = $3 OR CAST($14 AS BIGINT) = 0
				OR CASE WHEN doubt_since = 0 THEN attempt_at ELSE doubt_since END + $14 <= $13)
			AND (CAST($15 AS BIGINT) = 0
				OR attempt_id = $3 AND state = 'active' AND renewable = 1 AND doubts = 0 AND failures = 0 AND fault = '')
			AND (CAST($16 AS TEXT) = '' OR facts = $17)`

// saveAllText is saveText for many: each parameter is the list of what it is for one. Rows that somebody holds are left
// out, so that no pair waits for another's grant.
var saveAllText = func() string {
	set, condition, _ := strings.Cut(saveText, "WHERE")
	ofRow := strings.NewReplacer("$10", "r.c10", "$11", "r.c11", "$12", "r.c12", "$13", "r.c13", "$14", "r.c14", "$15", "r.c15", "$16", "r.c16", "$17", "r.c17",
		"$1", "r.c1", "$2", "r.c2", "$3", "r.c3", "$4", "r.c4", "$5", "r.c5", "$6", "r.c6", "$7", "r.c7", "$8", "r.c8", "$9", "r.c9")
	return `WITH free AS MATERIALIZED (SELECT id FROM grants WHERE id = ANY(CAST($1 AS TEXT[])) FOR NO KEY UPDATE SKIP LOCKED)
		` + ofRow.Replace(set) + `FROM unnest(CAST($1 AS TEXT[]), CAST($2 AS BIGINT[]), CAST($3 AS TEXT[]), CAST($4 AS BYTEA[]), CAST($5 AS BYTEA[]),
			CAST($6 AS BIGINT[]), CAST($7 AS BIGINT[]), CAST($8 AS BIGINT[]), CAST($9 AS BIGINT[]), CAST($10 AS TEXT[]), CAST($11 AS BIGINT[]),
			CAST($12 AS BIGINT[]), CAST($13 AS BIGINT[]), CAST($14 AS BIGINT[]), CAST($15 AS BIGINT[]),
			CAST($16 AS TEXT[]), CAST($17 AS TEXT[]))
			AS r (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17)
		WHERE grants.id IN (SELECT id FROM free) AND ` + ofRow.Replace(condition) + `
		RETURNING grants.id`
}()

func saveValues(r *store.Refreshed) []any {
	return []any{
		r.Grant, r.Spent, r.Attempt,
		blob(r.Access), blob(r.Refresh), r.KeyID, ms(r.AskedAt),
		ms(r.Expires), ms(r.RefreshExpires), windows(r.Windows), msOrNull(r.Due), bit(r.Renewable),
		ms(r.At), r.RepeatFor.Milliseconds(), bit(r.Held),
		document(r.Facts), document(r.FactsWere),
	}
}

// saveOne saves a pair where its row allows it, and returns how many rows it wrote.
func saveOne(ctx context.Context, q Querier, r *store.Refreshed) (int64, error) {
	return exec(ctx, q, saveText, saveValues(r)...)
}

// SaveRefreshes implements [store.Grants].
func (s *Store) SaveRefreshes(ctx context.Context, rs []store.Refreshed) (saved []bool, err error) {
	place := make(map[string]int, len(rs)) // of the first pair of each grant
	var firsts []int
	for i := range rs {
		if rs[i].Attempt == "" {
			return nil, errNoAttempt
		}
		if _, twice := place[rs[i].Grant]; !twice {
			place[rs[i].Grant] = i
			firsts = append(firsts, i)
		}
	}
	saved = make([]bool, len(rs))
	if len(rs) == 0 {
		return saved, nil
	}
	err = s.db.Single(ctx, func(ctx context.Context, q Querier) error {
		clear(saved)
		if !s.db.Arrays() {
			for _, i := range firsts {
				n, err := saveOne(ctx, q, &rs[i])
				if err != nil {
					return err
				}
				saved[i] = n == 1
			}
			return nil
		}
		lists, err := listsOf(rs, firsts)
		if err != nil {
			return err
		}
		written, err := all(ctx, q, scanText, saveAllText, lists...)
		for _, id := range written {
			saved[place[id]] = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return saved, nil
}

// listsOf returns the parameters of saveAllText for some refreshes.
func listsOf(rs []store.Refreshed, which []int) ([]any, error) {
	var ids, attempts, ends, facts, were []string
	var access, refresh [][]byte
	numbers := map[int][]int64{}
	due := make([]*int64, len(which))
	for n, i := range which {
		values := clean(saveValues(&rs[i]))
		ids, attempts = append(ids, values[0].(string)), append(attempts, values[2].(string))
		for to, v := range map[*[]string]driver.Valuer{&ends: windows(rs[i].Windows), &facts: document(rs[i].Facts), &were: document(rs[i].FactsWere)} {
			text, err := v.Value()
			if err != nil {
				return nil, err
			}
			*to = append(*to, clean([]any{text})[0].(string))
		}
		access, refresh = append(access, bytesOrNil(values[3])), append(refresh, bytesOrNil(values[4]))
		if at, ok := values[10].(int64); ok {
			due[n] = &at
		}
		for _, column := range []int{1, 5, 6, 7, 8, 11, 12, 13, 14} {
			numbers[column] = append(numbers[column], values[column].(int64))
		}
	}
	return []any{
		ids, numbers[1], attempts, access, refresh, numbers[5], numbers[6], numbers[7], numbers[8], ends, due,
		numbers[11], numbers[12], numbers[13], numbers[14], facts, were,
	}, nil
}

// bytesOrNil is what blob returned, as an element of a list.
func bytesOrNil(v any) []byte {
	b, _ := v.([]byte) // NULL
	return b
}
