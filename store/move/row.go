package move

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/postgres"
)

// place is where a database is, which is another one for each, and the marks of a move are about one of the two.
const metaPlace = "place"

// ours reports whether a row is about the database that it is in, and is not moved.
func ours(t store.Table, row []any) bool {
	if t.Name != "meta" {
		return false
	}
	name, ok := row[t.Key[0]].(string)
	return ok && slices.Contains([]string{metaPlace, postgres.MetaDatabase, store.MetaMoved, store.MetaMoving}, name)
}

// keyOf returns the key of a row.
func keyOf(t store.Table, row []any) []any {
	key := make([]any, 0, len(t.Key))
	for _, n := range t.Key {
		key = append(key, row[n])
	}
	return key
}

// compareKeys orders two rows as both engines do: texts and bytes by their bytes, numbers by value.
func compareKeys(t store.Table, a, b []any) int {
	for _, n := range t.Key {
		var order int
		switch left := a[n].(type) {
		case string:
			right, _ := b[n].(string)
			order = cmp.Compare(left, right)
		case int64:
			right, _ := b[n].(int64)
			order = cmp.Compare(left, right)
		case []byte:
			right, _ := b[n].([]byte)
			order = bytes.Compare(left, right)
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

// equal reports whether two rows hold the same; a row that is not there is equal to none.
func equal(a, b []any) bool {
	if a == nil || b == nil {
		return false
	}
	return slices.EqualFunc(a, b, func(x, y any) bool {
		left, isBytes := x.([]byte)
		right, alsoBytes := y.([]byte)
		if isBytes || alsoBytes {
			return isBytes && alsoBytes && bytes.Equal(left, right)
		}
		return x == y
	})
}
