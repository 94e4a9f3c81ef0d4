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

func (t *teller) step(title, format string, args ...any) {
	t.number++
	t.say("\n%d. %s\n%s", t.number, title, fmt.Sprintf(format, args...))
}

// rows prints names and values, and leaves out what is empty.
func (t *teller) rows(pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			t.say("   %-20s %s", pairs[i], pairs[i+1])
		}
	}
}

// app tells the settings, the secret ones as such.
func (t *teller) app(app platform.App) {
	for _, name := range slices.Sorted(maps.Keys(app.Settings)) {
		t.rows(name, app.Settings[name])
	}
	for _, name := range slices.Sorted(maps.Keys(app.Secrets)) {
		text := "(not shown)"
		if t.reveal {
			text = app.Secrets[name][0].Reveal()
		}
		t.rows(name, text)
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
	proof := "no; the exchange has to confirm it"
	if cb.Proven {
		proof = "yes, and it holds"
	}
	t.say("The browser is back, with the state of this link.")
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
	t.step("What came", "%s", map[bool]string{true: "The platform granted it.", false: "The platform did not grant it."}[len(m.Issued) > 0])
	switch {
	case m.Fault != nil:
		t.fault(m.Fault)
	case m.Unknown:
		t.say("The answer is neither a token nor a refusal: %s.\nWhether the code was spent is not known; open the link again for another one.", m.Why)
	}
	for _, i := range m.Issued {
		t.issued(i)
	}
}

func (t *teller) issued(i offline.Issued) {
	who := subjectText(i.Subject)
	if who == "" {
		who = "not said in the answer"
	}
	access, life := "none: calls are signed with the app's key", ""
	if i.Access != "" {
		access, life = t.secret(i.Access), t.until(i.Expires)
	}
	t.rows("whose", who, "access token", access, "it ends", life, "refresh token", t.secret(i.Refresh),
		"it ends", t.until(i.RefreshExpiry), "authorization ends", t.until(i.Ceiling), "scopes", strings.Join(i.Scopes, " "))
	for _, name := range slices.Sorted(maps.Keys(i.Windows)) {
		t.rows("permission "+name, t.until(i.Windows[name]))
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
		t.say("\nFor the platform's support:\n%s", f.Report)
	}
}

func (t *teller) end(r tried) {
	if len(r.Issued) == 0 {
		return
	}
	if t.reveal {
		t.say("\nNothing was stored: whoever keeps these tokens must renew them, one refresh at a time.")
		return
	}
	t.say("\nNothing was stored; --reveal shows secrets and tokens. grantkeep serve keeps and renews them, grantkeep demo shows how.")
}

// secret shows a secret as far as it may be shown.
func (t *teller) secret(text string) string {
	if t.reveal || text == "" {
		return text
	}
	return fmt.Sprintf("%s (%d characters)", masked(text), len(text))
}

// until tells an end with how far away it is.
func (t *teller) until(end gk.Time) string {
	if end.IsZero() {
		return ""
	}
	left := time.Until(end.Time).Round(time.Minute)
	text := left.String()
	if left >= 48*time.Hour {
		text = fmt.Sprintf("%d days", int(left/(24*time.Hour)))
	}
	return fmt.Sprintf("%s, in %s", shell.When(end), strings.TrimSuffix(text, "0s"))
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
