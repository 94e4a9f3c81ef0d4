// Package transfer reads and writes grants as files: one JSON object a line (NDJSON), or a table (CSV).
//
// A row is what an import takes and an export gives. The same reader serves the API, which streams a request's body
// through it, and the command line, which reads a file. What it says about a mistake names the line and the member, never
// the value: a row holds tokens.
package transfer

import (
	"fmt"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// LongestRow is how long one row may be, in bytes.
const LongestRow = 64 << 10

// Row is one grant with its tokens in clear.
type Row struct {
	Line    int // where it began in the file, from 1
	Bytes   int // how long it is there, about
	App     string
	Subject gk.Subject
	Owner   string

	Platform, AppKey string // of a table that names its apps as the platforms do; App is empty then

	Access, Refresh                  gk.Secret
	Expires, RefreshExpires, Ceiling time.Time
	Issued                           time.Time // when the platform gave the pair; zero: not known
	Authorized                       time.Time // the merchant's last consent; zero: not known
	Windows                          map[string]time.Time
	Scopes                           []string
	Shops                            []gk.Shop
	Facts                            map[string]string
}

// RowError is a row that cannot be read; the rows behind it can.
type RowError struct {
	Line int
	Why  string
}

// Error returns line and reason.
func (e *RowError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Why) }

// Reader gives the rows of a file one by one: io.EOF at the end, a *[RowError] for a row that is wrong, any other error
// where nothing behind it can be read.
type Reader interface {
	Next() (Row, error)
}
