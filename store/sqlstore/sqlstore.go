// Package sqlstore is the SQL of the store: one text, which SQLite and PostgreSQL run unchanged.
//
// A text stands next to the function that runs it. Parameters are $1…$n. Times are unix milliseconds with 0 for none
// (due_at alone is NULL, so that its index skips what will never be due), booleans 0 and 1, lists and maps JSON that only
// Go reads. What differs between the engines is named by [Engine] and [Locking]; opening and migrating are in their own packages.
package sqlstore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/column"
)

// Row is one row of an answer.
type Row = column.Row

// Querier runs statements. Its errors are the store's where callers decide by them: [store.ErrExists] for a key that
// is taken, [ErrReference], [store.ErrUnavailable]. No error holds a parameter.
type Querier interface {
	// Exec runs a statement and returns how many rows it touched.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	// Query calls row for each row of the answer and stops at its first error.
	Query(ctx context.Context, row func(Row) error, query string, args ...any) error
}

// Reader reads. As a Querier it runs reads of one statement each.
type Reader interface {
	Querier
	// Snapshot runs do, which only reads, and shows it one moment.
	Snapshot(ctx context.Context, do func(context.Context, Querier) error) error
}

// Engine is a database.
type Engine interface {
	Reader
	// Lists reads what may take long: on connections of its own, and within a limit of time, so that no number of searches
	// keeps refreshes and tokens waiting.
	Lists() Reader
	// Change runs do as one transaction and commits it unless do returns an error, which it then returns as it is.
	// It may run do again. Once do has begun, the end of ctx stops nothing.
	Change(ctx context.Context, do func(context.Context, Querier) error) error
	// Alone is Change for a do that writes much. It is worth a transaction that nobody else has begun.
	Alone(ctx context.Context, do func(context.Context, Querier) error) error
	// Single is Change for a do that writes with its first statement only, which then is its own transaction.
	Single(ctx context.Context, do func(context.Context, Querier) error) error
	// Locking returns the engine's words for locking rows.
	Locking() Locking
	// Arrays reports whether a parameter may be a list, which unnest makes rows of. An engine that has none has no way to its
	// database either, so that one statement for each row costs little.
	Arrays() bool
}

// Locking holds what a SELECT ends with to lock what it finds. Both are empty where there is one writer.
type Locking struct {
	Wait string // waits for rows that others hold
	Skip string // leaves them out
}

// ErrReference is the error of a statement that would leave a row without the one it refers to.
var ErrReference = errors.New("sqlstore: broken reference")

// Store implements what package store promises, except for what an engine knows alone: its name, its clock, whether
// it answers, and its end.
type Store struct {
	db         Engine
	lock       Locking
	keepEvents atomic.Int64 // as a time.Duration
}

// New returns the store on an engine.
func New(db Engine) *Store {
	s := &Store{db: db, lock: db.Locking()}
	s.KeepEvents(keepEvents)
	return s
}

// lists is where a list for a viewer is read. The engine's own are among what lists must not keep waiting.
func (s *Store) lists(v gk.Viewer) Reader {
	if v.Key == gk.Engine().Key {
		return s.db
	}
	return s.db.Lists()
}

// change runs do as one transaction. ErrUnchanged undoes it and is no error.
func (s *Store) change(ctx context.Context, do func(context.Context, Querier) error) error {
	return unlessUnchanged(s.db.Change(ctx, do))
}

func unlessUnchanged(err error) error {
	if errors.Is(err, store.ErrUnchanged) {
		return nil
	}
	return err
}

// exec runs a statement.
func exec(ctx context.Context, q Querier, query string, args ...any) (int64, error) {
	return q.Exec(ctx, query, told(ctx, query, args)...)
}

// insert runs an INSERT; a row that it refers to and that is not there is ErrNotFound.
func insert(ctx context.Context, q Querier, query string, args ...any) error {
	_, err := exec(ctx, q, query, args...)
	if errors.Is(err, ErrReference) {
		return store.ErrNotFound
	}
	return err
}

// all reads every row of an answer.
func all[T any](ctx context.Context, q Querier, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	var found []T
	err := q.Query(ctx, func(r Row) error {
		one, err := scan(r)
		if err == nil {
			found = append(found, one)
		}
		return err
	}, query, told(ctx, query, args)...)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// one reads the first row of an answer; ErrNotFound if there is none.
func one[T any](ctx context.Context, q Querier, scan func(Row) (T, error), query string, args ...any) (T, error) {
	found, err := all(ctx, q, scan, query, args...)
	if err == nil && len(found) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return found[0], nil
}

// scanText and scanNumber read rows of one column.
func scanText(r Row) (text string, err error) { return text, r.Scan(&text) }
func scanNumber(r Row) (n int64, err error)   { return n, r.Scan(&n) }

// told cleans the parameters of a statement and tells of it whoever watches.
func told(ctx context.Context, query string, args []any) []any {
	args = clean(args)
	if tell := store.Watching(ctx); tell != nil {
		tell(query, slices.Clone(args)) // an engine may replace them
	}
	return args
}

// clean replaces what PostgreSQL refuses in a text (NUL, broken UTF-8) by the replacement character: names and
// messages come from platforms, and a pair must not be lost because a shop has a strange name.
func clean(args []any) []any {
	for i, arg := range args {
		text, ok := arg.(string)
		if !ok || utf8.ValidString(text) && !strings.Contains(text, "\x00") {
			continue
		}
		args[i] = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	}
	return args
}
