package spill

import (
	"encoding/json"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// Kinds of an entry.
const (
	Refresh = "renewal" // the pair that an attempt brought
	Answer  = "answer"  // the sealed answer to an exchange
)

// Entry is something a platform gave us that must reach the database. Its tokens are sealed. Storing it twice is harmless.
type Entry struct {
	Kind, App string

	Refresh store.Refreshed
	Plain   bool // nothing but a pair, for a grant that owes no event: one statement is enough
	Subject gk.Subject
	Scopes  []string
	Shops   []gk.Shop
	Facts   map[string]string
	Ceiling time.Time

	Click  string
	Answer gk.Sealed
	KeyID  int64
}

// Under reports whether everything in an entry is sealed by a key.
func (e Entry) Under(key int64) bool {
	if e.Kind == Answer {
		return e.KeyID == key
	}
	return e.Refresh.KeyID == key || len(e.Refresh.Access) == 0 && len(e.Refresh.Refresh) == 0
}

// record is an entry as the file holds it. It is written out member by member: gk.Sealed does not encode itself, so that
// a ciphertext never travels by accident.
type record struct {
	Kind, App, Grant, Attempt, Click string
	Spent, KeyID                     int64
	AskedAt                          time.Time
	RepeatFor                        time.Duration
	Access, Refresh, Answer          []byte
	Windows                          map[string]time.Time
	Renewable                        bool
	Expires, RefreshExpires, Due     time.Time
	Subject                          gk.Subject
	Scopes                           []string
	Shops                            []gk.Shop
	Facts                            map[string]string
	Ceiling                          time.Time
}

func encodeEntry(e Entry) ([]byte, error) {
	r := e.Refresh
	return json.Marshal(record{
		Kind: e.Kind, App: e.App, Grant: r.Grant, Attempt: r.Attempt, Click: e.Click, Spent: r.Spent, KeyID: max(r.KeyID, e.KeyID),
		AskedAt: r.AskedAt, RepeatFor: r.RepeatFor, Access: r.Access, Refresh: r.Refresh, Answer: e.Answer, Windows: r.Windows,
		Renewable: r.Renewable, Expires: r.Expires, RefreshExpires: r.RefreshExpires, Due: r.Due,
		Subject: e.Subject, Scopes: e.Scopes, Shops: e.Shops, Facts: e.Facts, Ceiling: e.Ceiling,
	})
}

// decodeEntry reads what encodeEntry wrote. The entry is never plain: time has passed, so the row decides.
func decodeEntry(b []byte) (Entry, error) {
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return Entry{}, err
	}
	return Entry{
		Kind: r.Kind, App: r.App, Click: r.Click, Answer: r.Answer, KeyID: r.KeyID,
		Subject: r.Subject, Scopes: r.Scopes, Shops: r.Shops, Facts: r.Facts, Ceiling: r.Ceiling,
		Refresh: store.Refreshed{
			Grant: r.Grant, Attempt: r.Attempt, Spent: r.Spent, AskedAt: r.AskedAt, RepeatFor: r.RepeatFor,
			Pair:      gk.Pair{Access: r.Access, Refresh: r.Refresh, KeyID: r.KeyID, Windows: r.Windows, Expires: r.Expires, RefreshExpires: r.RefreshExpires},
			Renewable: r.Renewable, Due: r.Due,
		},
	}, nil
}
