package shell

import (
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/text"
)

// mark is how a word for a state looks on a terminal: a sign, for those who see no colours, and a colour.
type mark struct {
	sign   string
	colour text.Color
}

// The signs are one column wide in every terminal, which is true of few.
var (
	good    = mark{"✓", text.FgGreen}
	waiting = mark{"~", text.FgCyan}
	warned  = mark{"!", text.FgYellow}
	ended   = mark{"✗", text.FgRed}
)

// marks are the words for states, in whichever list they stand.
var marks = map[string]mark{
	"active": good, "ok": good, "completed": good, "delivered": good, "enabled": good,
	"pending": waiting, "manual": waiting, "begun": waiting,
	"held": warned, "suspended": warned, "warning": warned, "paused": warned, "stopped": warned, "disabled": warned,
	"expired": ended, "revoked": ended, "failed": ended, "critical": ended, "broken": ended,
}

// Marked returns a word for a state as a writer shows it: with its sign and colour on a terminal, as it is to a file or
// another program.
func Marked(w io.Writer, word string) string {
	f, ok := w.(*os.File)
	m, known := marks[word]
	if !ok || !known || !IsTerminal(f) {
		return word
	}
	return m.of(word, os.Getenv("NO_COLOR") == "")
}

func (m mark) of(word string, colours bool) string {
	if !colours {
		return m.sign + " " + word
	}
	return m.colour.Sprint(m.sign + " " + word)
}
