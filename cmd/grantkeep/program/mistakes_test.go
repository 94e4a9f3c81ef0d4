package program

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

// canaryInput stands wherever the test gives something wrong to a flag; no error may repeat it.
const canaryInput = "canary-wrong-5d0c"

// whatItTakes finds in an error what would be right instead, or what to do.
var whatItTakes = regexp.MustCompile(`takes |none of|--help|is needed|must hold|comes on|goes? with|name |write |start one|give |say which`)

// TestEveryCommandNamesAMistake runs each command with too few and too many arguments, with a flag that does not exist, with
// wrong values of its flags, and against a server that is not there.
func TestEveryCommandNamesAMistake(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("GRANTKEEP_SERVER", "http://127.0.0.1:1")
	t.Setenv("GRANTKEEP_KEY", "gk_00000000000000000000000000000000")
	tried := 0
	m := &mistaken{t: t}
	m.root = newRoot(shell.Streams{In: strings.NewReader(""), Out: &m.out, Err: &m.errs}) // once for all: no command gets as far as to change it
	everyCommand(m.root, func(c *cobra.Command) {
		words := strings.Fields(c.CommandPath())[1:]
		given := argumentsFor(c)
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" || f.Name == "version" {
				return
			}
			switch f.Value.Type() {
			case "string", "stringArray", "stringSlice":
				m.run(append(words, "--"+f.Name), "--"+f.Name)
			default:
				m.run(append(words, "--"+f.Name+"="+canaryInput), "--"+f.Name)
			}
			tried++
		})
		m.run(append(words, "--nmae"), "--nmae") //nolint:misspell // that is the mistake
		if len(words) == 0 {
			return
		}
		if !strings.Contains(c.Use, "…") && !strings.Contains(c.Use, "...") {
			m.run(append(words, "a", "b", "c", "d", "e"), c.Name())
		}
		if len(given) > 0 && !strings.Contains(c.Use, "[") {
			m.run(words, "")
			m.run(append(words, given...), "")
		}
		tried += 4
	})
	if tried < 200 {
		t.Errorf("only %d mistakes were made", tried)
	}
}

// argumentsFor returns a word for each argument that a command needs.
func argumentsFor(c *cobra.Command) []string {
	var words []string
	for _, w := range strings.Fields(c.Use)[1:] {
		if strings.HasPrefix(w, "-") || strings.HasPrefix(w, "[") {
			break // what follows a flag is its value
		}
		if strings.ToUpper(w) == w {
			words = append(words, "nothing")
		}
	}
	return words
}

// mistaken runs command lines that cannot be done.
type mistaken struct {
	t         *testing.T
	root      *cobra.Command
	out, errs bytes.Buffer
}

// run looks at what a command says.
func (m *mistaken) run(args []string, name string) {
	m.t.Helper()
	m.out.Reset()
	m.errs.Reset()
	code := shell.Run(m.t.Context(), m.root, args, shell.Streams{In: strings.NewReader(""), Out: &m.out, Err: &m.errs})
	what := fmt.Sprintf("grantkeep %s", strings.Join(args, " "))
	if code == shell.ExitDone {
		m.t.Errorf("%s is done, want an error: %s", what, m.out.String())
		return
	}
	said := m.errs.String()
	if !strings.Contains(said, name) || !whatItTakes.MatchString(said) {
		m.t.Errorf("%s: the error lacks %q, or what would be right: %s", what, name, said)
	}
	if strings.Contains(said, canaryInput) {
		m.t.Errorf("%s: the error repeats the value: %s", what, said)
	}
}
