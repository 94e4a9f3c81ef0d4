package explain_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
)

// drivers are all that the product has.
var drivers = all.Drivers()

// ask explains what somebody pastes; \n in it stands for a line end.
func ask(t testing.TB, code string, q explain.Question) *explain.Fault {
	t.Helper()
	d, err := explain.Find(drivers, code)
	if err != nil {
		t.Fatal(err)
	}
	return explain.Explain(d, d.Spec().Open(platform.App{Now: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)}), q)
}

// TestPasted reads testdata/pasted.txt: platform, stage (or -), row, and what somebody pasted, parted by |.
func TestPasted(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "pasted.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.SplitN(line, " | ", 4)
		if len(parts) != 4 {
			t.Fatalf("%q has not four parts", line)
		}
		q := explain.Question{Body: []byte(strings.ReplaceAll(parts[3], `\n`, "\n"))}
		if parts[1] != "-" {
			q.Stage = parts[1]
		}
		f := ask(t, parts[0], q)
		row := f.Row
		if !f.Known {
			row = "unknown"
		}
		if row != parts[2] {
			t.Errorf("%s: explained by %s (code %q, message %q)", line, row, f.Code, f.Message)
		}
	}
}

func TestForeignAnswersKeepWhatTheySay(t *testing.T) {
	body := `{"code":105002,"message":"access token is wrong, please refresh it","request_id":"2024120300"}`
	for _, d := range drivers {
		code := d.Spec().Code
		f := ask(t, code, explain.Question{Stage: "call", Body: []byte(body)})
		if f.Code != "105002" || f.Message != "access token is wrong, please refresh it" || f.RequestID != "2024120300" || f.Terminal {
			t.Errorf("%s: %+v", code, f)
		}
	}
}

// TestTheGrantIsRefusedWhateverTheWords is RFC 6749, 5.2.
func TestTheGrantIsRefusedWhateverTheWords(t *testing.T) {
	for _, d := range drivers {
		for _, stage := range []string{"token", "refresh", "call"} {
			f := ask(t, d.Spec().Code, explain.Question{Stage: stage, Status: 400, Code: "invalid_grant", Message: "words that no row has"})
			if f.Action != "reauthorize" || f.Terminal && stage != "refresh" {
				t.Errorf("%s, %s: %s, terminal %v", d.Spec().Code, stage, f.Action, f.Terminal)
			}
		}
	}
}

func TestBlockPages(t *testing.T) {
	for _, page := range []string{
		`<!doctypehtml><html><head><title>405</title></head><body><div id="block_message">很抱歉，由于您访问的URL有可能对网站造成安全威胁，您的访问被阻断。</div></body></html>`,
		`<html><head><title>Attention Required! | Cloudflare</title></head><body>Sorry, you have been blocked</body></html>`,
		"<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\nYou don't have permission to access this server.<P>\nReference #18.7c</BODY></HTML>",
	} {
		for _, d := range drivers {
			f := ask(t, d.Spec().Code, explain.Question{Stage: "call", Status: 405, Body: []byte(page)})
			if f.Row != "local:firewall" || f.Terminal || !strings.Contains(f.Cause.En, "firewall") {
				t.Errorf("%s: %s: %+v", d.Spec().Code, page[:40], f)
			}
		}
	}
}

// BenchmarkExplainLong explains 64 kB of text, as of a log, in which nothing is known.
func BenchmarkExplainLong(b *testing.B) {
	text := []byte(strings.Repeat("2026-11-20 10:00:00 INFO order 27 was changed: the buyer's address {a: b} is new\n", 800))
	for b.Loop() {
		for _, d := range drivers {
			explain.Explain(d, d.Spec().Open(platform.App{}), explain.Question{Body: text})
		}
	}
}
