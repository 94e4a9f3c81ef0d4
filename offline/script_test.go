package offline_test

import (
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/offline"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/douyin"
	"github.com/grantkeep/grantkeep/platform/eleme"
	"github.com/grantkeep/grantkeep/platform/lazada"
	"github.com/grantkeep/grantkeep/platform/shopee"
	"github.com/grantkeep/grantkeep/platform/shopeev1"
	"github.com/grantkeep/grantkeep/platform/shopify"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
	"github.com/grantkeep/grantkeep/platform/taobao"
	"github.com/grantkeep/grantkeep/platform/tiktokshop"
)

var update = flag.Bool("update", false, "write the answers into the scripts of testdata")

var all = []platform.Driver{
	shoplazza.New(), shopee.New(), shopeev1.New(), eleme.New(), taobao.New(), shopify.New(), tiktokshop.New(), lazada.New(), douyin.New(),
}

// scripts lists the files of testdata that hold lines of a command: DO.txt, DO-PLATFORM.txt.
func scripts(t *testing.T, do string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", do+"*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no script of %s: %v", do, err)
	}
	return files
}

// TestScripts runs the lines of testdata/DO.txt through the command DO and compares its answers, byte for byte. A line
// that begins with > is input, the next one, with <, its answer; "app PLATFORM {…}" is what a line of that platform gets
// that has no app of its own. Of a fault the texts are left out: TestExplainEveryRow reads those.
func TestScripts(t *testing.T) {
	for _, do := range []string{"request", "verify", "parse", "explain"} {
		for _, path := range scripts(t, do) {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) { runScript(t, do, path) })
		}
	}
}

func runScript(t *testing.T, do, path string) {
	s := readScript(t, path)
	output, failed := s.run(t, do, false)
	var got []string
	anyError := false
	for text := range strings.Lines(output) {
		anyError = anyError || strings.HasPrefix(text, `{"error":`)
		got = append(got, withoutTexts(t, strings.TrimSuffix(text, "\n")))
	}
	if len(got) != len(s.lines) {
		t.Fatalf("%d lines are answered by %d", len(s.lines), len(got))
	}
	if failed != anyError {
		t.Errorf("failed = %v, an error line was printed: %v", failed, anyError)
	}
	for _, secret := range s.secrets(t) {
		if strings.Contains(output, secret) {
			t.Errorf("a secret of an app is shown: %s", secret)
		}
	}
	if *update {
		s.write(t, path, got)
		return
	}
	if len(s.want) != len(got) {
		t.Fatalf("the script has %d answers to %d lines", len(s.want), len(s.lines))
	}
	for i := range got {
		if diff := cmp.Diff(s.want[i], got[i]); diff != "" {
			t.Errorf("%s\nis answered otherwise (-want +got):\n%s", s.lines[i], diff)
		}
	}
}

// TestRevealKeepsTheSignedTextMasked runs the requests in clear: what is sent is shown whole then, signed texts never
// hold a secret.
func TestRevealKeepsTheSignedTextMasked(t *testing.T) {
	shown := false
	for _, path := range scripts(t, "request") {
		s := readScript(t, path)
		output, _ := s.run(t, "request", true)
		for text := range strings.Lines(output) {
			var request offline.Printed
			if err := json.Unmarshal([]byte(text), &request); err != nil {
				t.Fatal(err)
			}
			sent := request.URL + request.Body + request.Headers["Authorization"]
			if strings.Contains(sent, "***") {
				t.Errorf("%s: something is masked: %s", path, text)
			}
			for _, secret := range s.secrets(t) {
				shown = shown || strings.Contains(sent, secret)
				if strings.Contains(request.SignedText, secret) {
					t.Errorf("%s: the signed text shows a secret: %s", path, text)
				}
			}
		}
	}
	if !shown {
		t.Error("no request shows its secret in clear")
	}
}

// script is a file of lines and their answers.
type script struct {
	text        string
	apps        map[string]string // by platform
	lines, want []string
}

func readScript(t *testing.T, path string) script {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := script{text: string(text), apps: make(map[string]string)}
	for line := range strings.Lines(s.text) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "app "); ok {
			code, app, _ := strings.Cut(rest, " ")
			s.apps[code] = app
		}
		if input, ok := strings.CutPrefix(line, "> "); ok {
			s.lines = append(s.lines, input)
		}
		if answer, ok := strings.CutPrefix(line, "< "); ok {
			s.want = append(s.want, answer)
		}
	}
	return s
}

// run answers the lines; failed is the command's word on whether one could not be handled.
func (s script) run(t *testing.T, do string, reveal bool) (output string, failed bool) {
	t.Helper()
	var input strings.Builder
	for _, line := range s.lines {
		input.WriteString(withApp(line, s.apps) + "\n \n") // a blank line is no line
	}
	var out strings.Builder
	failed, err := offline.Commands{Drivers: all, Reveal: reveal, Now: func() time.Time { return now }}.Run(do, strings.NewReader(input.String()), &out)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), failed
}

// secrets returns those of the script's apps.
func (s script) secrets(t *testing.T) []string {
	t.Helper()
	var secrets []string
	for _, text := range s.apps {
		var app map[string]any
		if err := json.Unmarshal([]byte(text), &app); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"client_secret", "partner_key", "push_key", "app_secret"} {
			if secret, ok := app[name].(string); ok {
				secrets = append(secrets, secret)
			}
		}
	}
	return secrets
}

// write puts the answers under their lines.
func (s script) write(t *testing.T, path string, answers []string) {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(s.text) {
		if strings.HasPrefix(line, "< ") {
			continue
		}
		b.WriteString(line)
		if strings.HasPrefix(line, "> ") {
			b.WriteString("< " + answers[0] + "\n")
			answers = answers[1:]
		}
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestExplainEveryRow asks for each row of each catalogue by stage, code and an example of its text, as somebody does who
// has only these, and wants that row and its texts.
func TestExplainEveryRow(t *testing.T) {
	for _, d := range all {
		spec := d.Spec()
		for _, row := range spec.Catalogue.Rows() {
			q := explain.Question{Stage: row.Stage, Code: row.Code, Message: row.Example}
			if name, ok := strings.CutPrefix(row.When, "sent:"); ok {
				q.Sent = url.Values{name: {"x"}}
			}
			f := explain.Explain(d, spec.Open(platform.App{Now: now}), q)
			want := explain.Fault{Action: row.Action, Terminal: row.Terminal, WhoseMove: row.Action.Move(), Cause: row.Cause, Remedy: row.Remedy, Known: true}
			got := explain.Fault{Action: f.Action, Terminal: f.Terminal, WhoseMove: f.WhoseMove, Cause: f.Cause, Remedy: f.Remedy, Known: f.Known}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", spec.Code, row.ID, diff)
			}
		}
	}
}

// withApp puts the platform's app into a line that has none. The rest of the line stays as it is written.
func withApp(text string, apps map[string]string) string {
	var l struct {
		Platform string          `json:"platform"`
		App      json.RawMessage `json:"app"`
	}
	if json.Unmarshal([]byte(text), &l) != nil || l.App != nil || apps[l.Platform] == "" {
		return text
	}
	return `{"app":` + apps[l.Platform] + "," + strings.TrimPrefix(text, "{")
}

// withoutTexts leaves cause, remedy and report out of a fault, after a look whether they are all there.
func withoutTexts(t *testing.T, answer string) string {
	t.Helper()
	var a struct {
		Fault *explain.Fault `json:"fault"`
	}
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		t.Fatalf("%q is not JSON: %v", answer, err)
	}
	if a.Fault == nil {
		return answer
	}
	for _, text := range []platform.Texts{a.Fault.Cause, a.Fault.Remedy} {
		if text.ZhCN == "" || text.ZhTW == "" || text.En == "" {
			t.Errorf("%s lacks a text", answer)
		}
	}
	if a.Fault.Report == "" {
		t.Errorf("%s lacks the report", answer)
	}
	from, to := strings.Index(answer, `,"cause":`), strings.Index(answer, `,"known":`)
	end := strings.Index(answer, `,"report":`)
	if from < 0 || to < from || end < to {
		t.Fatalf("the fault's members stand in another order: %s", answer)
	}
	return answer[:from] + answer[to:end] + "}}"
}

// TestAskWordsThatBeginWithAStage: a stage may go before the words, and the words may begin with the name of one.
func TestAskWordsThatBeginWithAStage(t *testing.T) {
	for _, args := range [][]string{
		{"taobao", "refresh token is invalid"},
		{"taobao", "refresh", "token", "is", "invalid"},
		{"taobao", "refresh", "refresh token is invalid"},
	} {
		d, q, err := explain.Ask(all, args)
		if err != nil {
			t.Fatal(err)
		}
		f := explain.Explain(d, d.Spec().Open(platform.App{Now: now}), q)
		if !f.Known || f.Action != gk.Reauthorize || f.Terminal {
			t.Errorf("explain %q = %+v, want the row of a refresh token that is invalid", args, f)
		}
	}
}
