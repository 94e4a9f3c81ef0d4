package store

import (
	"fmt"
	"strings"
)

// CodeUnreadable is the fault of a grant or an authorization in a list, columns of which cannot be read, and the reason of
// such an outlet. It is stored nowhere.
const CodeUnreadable = "local:unreadable"

// DamagedError says that rows cannot be read: what they hold is not what this program writes. It comes beside what could
// be read, so that one such row stops no other.
type DamagedError struct {
	IDs []string // of the rows
	Why []error  // for each of them; no text holds a value of a row
}

// Error names the rows.
func (e *DamagedError) Error() string {
	texts := make([]string, len(e.IDs))
	for i, id := range e.IDs {
		texts[i] = fmt.Sprintf("%s: %v", id, e.Why[i])
	}
	return "store: rows that cannot be read: " + strings.Join(texts, "; ")
}
