package try

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/offline"
	"github.com/grantkeep/grantkeep/platform"
)

// teller prints the steps of a trial for people.
type teller struct {
	w      io.Writer
	number int
	reveal bool
	lang   string
	err    error // the first error of writing: the command ends with it
}

func newTeller(w io.Writer, reveal bool) *teller {
	return &teller{w: w, reveal: reveal, lang: shell.Language(os.Getenv("LC_ALL"), os.Getenv("LANG"))}
}

// Write lets questions be asked where the steps are told.
func (t *teller) Write(p []byte) (int, error) { return t.w.Write(p) }

func (t *teller) say(format string, args ...any) {
	text := strings.TrimRight(fmt.Sprintf(format, args...), " ")
	if _, err := fmt.Fprintln(t.w, strings.Map(printableOrLine, text)); err != nil && t.err == nil {
		t.err = err
	}
}

// printableOrLine is printable that leaves line ends.
func printableOrLine(r rune) rune {
	if r == '\n' {
		return r
	}
	return shell.Printable(r)
}

// step begins a step: the name of its title among the words, and what it says.
func (t *teller) step(title, text string) {
	t.number++
	t.say("\n%d. %s\n%s", t.number, t.word(title), text)
}

// rows prints names and values, and leaves out what is empty. A name that stands among the words is told in the person's
// language.
func (t *teller) rows(pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		name := pairs[i]
		if text, known := words[name]; known {
			name = text.In(t.lang)
		}
		t.say("   %s%s %s", name, strings.Repeat(" ", max(0, rowWidth-width(name))), pairs[i+1])
	}
}

// rowWidth is the room for the names of rows.
const rowWidth = 20

// width is how many columns of a terminal a text takes: a Chinese character takes two.
func width(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r >= 0x2e80 {
			n++
		}
	}
	return n
}

// app tells the settings, the secret ones as such.
func (t *teller) app(app platform.App) {
	for _, name := range slices.Sorted(maps.Keys(app.Settings)) {
		t.rows(name, app.Settings[name])
	}
	for _, name := range slices.Sorted(maps.Keys(app.Secrets)) {
		text := t.word("hidden")
		if t.reveal {
			text = app.Secrets[name][0].Reveal()
		}
		t.rows(name, text)
	}
	bases := slices.Compact(slices.Sorted(maps.Values(app.Endpoints)))
	if len(bases) == 1 {
		t.rows("endpoint", bases[0])
		return
	}
	for _, name := range slices.Sorted(maps.Keys(app.Endpoints)) {
		t.rows("endpoint "+name, app.Endpoints[name])
	}
}

// callback tells what came back, without the code.
func (t *teller) callback(cb platform.Callback) {
	code := ""
	if !cb.Code.Empty() {
		code = t.secret(cb.Code.Reveal())
	}
	proof := t.word("proof.no")
	if cb.Proven {
		proof = t.word("proof.yes")
	}
	t.say("%s", t.word("back"))
	t.rows("code", code, "names", subjectText(cb.Subject), "signed by platform", proof)
}

// request tells one request, without secrets.
func (t *teller) request(app platform.App, r *platform.Request, code gk.Secret) {
	p := offline.PrintMasked(app, r, code)
	if t.reveal {
		p = offline.Print(app, r)
	}
	t.say("   %s %s", p.Method, p.URL)
	for _, name := range slices.Sorted(maps.Keys(p.Headers)) {
		t.say("   %s: %s", name, p.Headers[name])
	}
	if p.Body != "" {
		t.say("   %s", p.Body)
	}
	t.rows("signed over", p.SignedText)
}

// meaning tells what the answer says.
func (t *teller) meaning(m offline.Meaning) {
	t.step("came.title", t.word(map[bool]string{true: "granted", false: "not granted"}[len(m.Issued) > 0]))
	switch {
	case m.Fault != nil:
		t.fault(m.Fault)
	case m.Unknown:
		t.say("%s", t.word("unknown", m.Why))
	}
	for _, i := range m.Issued {
		t.issued(i)
	}
}

func (t *teller) issued(i offline.Issued) {
	who := subjectText(i.Subject)
	if who == "" {
		who = t.word("not said")
	}
	access, life := t.word("no token"), ""
	if i.Access != "" {
		access, life = t.secret(i.Access), t.until(i.Expires)
	}
	t.rows("whose", who, "access token", access, "it ends", life, "refresh token", t.secret(i.Refresh),
		"it ends", t.until(i.RefreshExpiry), "authorization ends", t.until(i.Ceiling), "scopes", strings.Join(i.Scopes, " "))
	for _, name := range slices.Sorted(maps.Keys(i.Windows)) {
		t.rows(t.word("permission", name), t.until(i.Windows[name]))
	}
}

func (t *teller) reach(r reach) {
	if r.Fault != nil {
		t.fault(r.Fault)
		return
	}
	var shops []string
	for _, s := range r.Shops {
		shops = append(shops, strings.TrimSpace(s.Name+" ("+s.ID+")"))
	}
	t.rows("whose", subjectText(r.Subject), "shops", strings.Join(shops, ", "), "authorization ends", t.until(r.Ceiling), "scopes", strings.Join(r.Scopes, " "))
}

// fault tells a refusal: cause, remedy and whose move it is.
func (t *teller) fault(f *explain.Fault) {
	t.say("%s\n%s\n%s", f.Cause.In(t.lang), f.Remedy.In(t.lang), shell.Moves[f.WhoseMove].In(t.lang))
	if f.Report != "" {
		t.say("%s", t.word("support", f.Report))
	}
}

func (t *teller) end(r tried) {
	if len(r.Issued) == 0 {
		return
	}
	if t.reveal {
		t.say("%s", t.word("end.shown"))
		return
	}
	t.say("%s", t.word("end"))
}

// secret shows a secret as far as it may be shown.
func (t *teller) secret(text string) string {
	if t.reveal || text == "" {
		return text
	}
	return t.word("characters", masked(text), len(text))
}

// until tells an end with how far away it is.
func (t *teller) until(end gk.Time) string {
	if end.IsZero() {
		return ""
	}
	left := time.Until(end.Time).Round(time.Minute)
	text := left.String()
	if left >= 48*time.Hour {
		text = t.word("days", int(left/(24*time.Hour)))
	}
	return t.word("in", shell.When(end), strings.TrimSuffix(text, "0s"))
}

func subjectText(s gk.Subject) string {
	if s.Kind == "" && s.ID == "" {
		return s.Host
	}
	text := s.Kind + ":" + s.ID
	for _, more := range []string{s.Name, s.Host} {
		if more != "" {
			text += " (" + more + ")"
		}
	}
	return text
}
