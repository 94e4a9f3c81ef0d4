package sqlite

import "testing"

func TestLimitsAreNoPartOfThePlan(t *testing.T) {
	if got, want := unplanned("SELECT a FROM t LIMIT $12"), "SELECT a FROM t LIMIT ($12 + 0)"; got != want {
		t.Errorf("unplanned = %q, want %q", got, want)
	}
}

func TestParametersInTheirOrderLoseTheirNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT id FROM grants WHERE id = $1 AND n < $2":      "SELECT id FROM grants WHERE id = ? AND n < ?",
		"INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)":      "INSERT OR FAIL INTO t (a, b) VALUES (?, ?), (?, ?)",
		"INSERT INTO t (a) VALUES ($1) ON CONFLICT DO UPDATE": "INSERT INTO t (a) VALUES (?) ON CONFLICT DO UPDATE",
		"UPDATE t SET a = $2 WHERE id = $1":                   "UPDATE t SET a = $2 WHERE id = $1",
		"SELECT $1, $2, $1":                                   "SELECT $1, $2, $1",
		"SELECT $1, $10":                                      "SELECT $1, $10",
		"SELECT '$1', $1":                                     "SELECT '$1', $1",
		"SELECT $name":                                        "SELECT $name",
		"BEGIN IMMEDIATE":                                     "BEGIN IMMEDIATE",
	} {
		if got := nameless(text); got != want {
			t.Errorf("nameless(%q) = %q, want %q", text, got, want)
		}
	}
}
