package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestMistakesAreNamed makes the mistakes that people make, and wants field, value's shape and remedy in the error.
func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		env  []string
		args []string
		want []string
	}{
		{"server down", []string{"GRANTKEEP_SERVER=http://127.0.0.1:1", "GRANTKEEP_KEY=gk_00000000000000000000000000000000"}, []string{"grant", "list"}, []string{"grantkeep serve", "GRANTKEEP_SERVER"}},
		{"no key", nil, []string{"grant", "list"}, []string{"GRANTKEEP_KEY is not set"}},
		{"flag misspelt", nil, []string{"app", "add", "shopee", "--nmae", "x"}, []string{"--nmae", "did you mean --name", "--help"}}, //nolint:misspell // that is the mistake
		{"command misspelt", nil, []string{"grnat"}, []string{"grnat", "did you mean grant", "--help"}},
		{"subcommand misspelt", nil, []string{"grant", "lst"}, []string{"did you mean list"}},
		{"platform misspelt", []string{"GRANTKEEP_KEY=gk_00000000000000000000000000000000"}, []string{"app", "add", "shoppee"}, []string{`"shoppee" is none of`, "did you mean shopee"}},
		{"secret in a flag", []string{"GRANTKEEP_KEY=gk_00000000000000000000000000000000"}, []string{"app", "add", "shopee", "--set", "partner_key=abcdef"}, []string{"partner_key: it is a secret", "env:"}},
		{"setting misspelt", []string{"GRANTKEEP_KEY=gk_00000000000000000000000000000000"}, []string{"app", "add", "shopee", "--set", "partnerid=1"}, []string{"partnerid: shopee has no such setting; there are", "partner_id"}},
		{"environment misspelt", []string{"GRANTKEEP_PUBLICURL=https://erp.example"}, []string{"serve", "--listen", "127.0.0.1:0", "--data", t.TempDir()}, []string{"GRANTKEEP_PUBLICURL is no setting", "GRANTKEEP_PUBLIC_URL"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			out, err := program(t, c.env, c.args...).CombinedOutput()
			if err == nil {
				t.Fatalf("%v: done, want an error", c.args)
			}
			for _, want := range c.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("%v: the error lacks %q: %s", c.args, want, out)
				}
			}
			if strings.Contains(string(out), "abcdef") {
				t.Errorf("%v: the error repeats the secret: %s", c.args, out)
			}
		})
	}
}

// TestLogIsJSON reads what a server that makes its keys writes to standard error: one JSON object a line, durations with a
// unit, and access lines with a request id and where the request came from.
func TestLogIsJSON(t *testing.T) {
	t.Parallel()
	cmd := program(t, nil, "serve", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	var errs book
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	address := strings.TrimSpace(strings.TrimPrefix(string(line[:n]), "grantkeep listens on "))
	for _, path := range []string{"/readyz", "/v1/grants", "/docs"} {
		if err := exec.CommandContext(t.Context(), "curl", "-s", "-o", "/dev/null", address+path).Run(); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	access := 0
	for text := range strings.Lines(errs.String()) {
		var l map[string]any
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Errorf("a line of the log is no JSON: %s", text)
			continue
		}
		if l["msg"] != "request" {
			continue
		}
		access++
		took, _ := l["took"].(string)
		if l["request_id"] == "" || l["remote"] == nil || !strings.HasSuffix(took, "s") {
			t.Errorf("an access line lacks request id, remote address or a unit: %s", text)
		}
		if route, _ := l["route"].(string); strings.Contains(route, "readyz") {
			t.Errorf("a probe is logged at info: %s", text)
		}
	}
	if access != 2 {
		t.Errorf("%d access lines, want two", access)
	}
}
