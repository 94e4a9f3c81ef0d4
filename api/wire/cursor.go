package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	gk "github.com/grantkeep/grantkeep"
)

// Page is what every list takes.
type Page struct {
	Cursor string `query:"cursor" maxLength:"500" doc:"next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
}

// A cursor is where a page ended: the last id, and a mark that only the same key can have got, for the same list with
// the same filters. The mark's key is the hash of the API key, which every instance reads from the store and nobody is
// ever told.

// SealCursor makes the cursor behind an id. list names the list and its filters.
func SealCursor(key gk.Key, list, id string) string {
	return base64.RawURLEncoding.EncodeToString(append(cursorMark(key, list, id), id...))
}

// OpenCursor returns the id that a cursor holds; the empty cursor is the start.
func OpenCursor(key gk.Key, list, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) <= markSize {
		return "", &gk.Invalid{Field: "cursor", Why: "is not one that this list gave; take next of the page before, or leave it out for the first page"}
	}
	mark, id := raw[:markSize], string(raw[markSize:])
	if !hmac.Equal(mark, cursorMark(key, list, id)) {
		return "", &gk.Invalid{Field: "cursor", Why: "belongs to another key, list or filter; leave it out and start again at the first page"}
	}
	return id, nil
}

const markSize = 16

func cursorMark(key gk.Key, list, id string) []byte {
	h := hmac.New(sha256.New, key.Hash)
	h.Write([]byte("cursor\x00" + list + "\x00" + id))
	return h.Sum(nil)[:markSize]
}

// FilterName names a list with its filters, so that a cursor fits no other.
func FilterName(list string, filters ...string) string {
	return list + "\x00" + strings.Join(filters, "\x00")
}

// PageOf cuts the extra row off, which was asked for to learn whether there is more, and makes the cursor behind the
// last row that is shown.
func PageOf[R, T any](rows []R, limit int, show func(R) T, next func(R) string) List[T] {
	l := List[T]{Items: make([]T, 0, min(len(rows), limit))}
	for i, row := range rows {
		if i == limit {
			l.Next = next(rows[limit-1])
			break
		}
		l.Items = append(l.Items, show(row))
	}
	return l
}
