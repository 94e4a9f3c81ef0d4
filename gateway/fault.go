package gateway

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/grantkeep/grantkeep/explain"
)

// faultLine writes a fault as the value of the header Grantkeep-Fault: JSON in one line of printable ASCII, everything
// else as \u escapes, since the platform's text may hold anything. The report, which is long and for people, is left out.
func faultLine(f *explain.Fault) (string, error) {
	short := struct {
		*explain.Fault
		Report string `json:"report,omitempty"` // hides the fault's own
	}{Fault: f}
	text, err := json.Marshal(short)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r >= ' ' && r <= '~':
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		}
	}
	return b.String(), nil
}
