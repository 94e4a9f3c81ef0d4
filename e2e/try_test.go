package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/e2e"
	"github.com/grantkeep/grantkeep/platform/all"
)

// program is a command of the product that a test runs as a process of its own.
func program(t *testing.T, environment []string, args ...string) *exec.Cmd {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: starts processes")
	}
	cmd := exec.CommandContext(t.Context(), e2e.Program, args...)
	cmd.Env = append([]string{"GRANTKEEP_TEST_MAIN=1", "LC_ALL=C", "PATH=" + os.Getenv("PATH")}, environment...)
	return cmd
}

// TestTrySimulated gets a first token on every platform, through link, consent, loopback callback and exchange.
func TestTrySimulated(t *testing.T) {
	t.Parallel()
	for _, p := range all.Platforms() {
		code, tokens := p.Driver.Spec().Code, p.Driver.Spec().Facts.Tokens
		if p.Simulator == nil {
			continue
		}
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			var out, steps bytes.Buffer
			cmd := program(t, nil, "try", code, "--simulate", "--json", "--reveal")
			cmd.Stdout, cmd.Stderr = &out, &steps
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s", err, steps.String())
			}
			var clear struct {
				Issued []struct {
					Subject         struct{ Kind, ID string }
					Access, Refresh string
				}
			}
			if err := json.Unmarshal(out.Bytes(), &clear); err != nil {
				t.Fatalf("%v in %s", err, out.String())
			}
			if len(clear.Issued) != 1 || clear.Issued[0].Subject.ID == "" || (clear.Issued[0].Access != "") != tokens {
				t.Errorf("try --simulate --json gave %s, want one grant of a named subject", out.String())
			}

			steps.Reset()
			cmd = program(t, nil, "try", code, "--simulate")
			cmd.Stdout, cmd.Stderr = &steps, &steps
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s", err, steps.String())
			}
			for _, title := range []string{"1. The app", "2. The link", "3. The callback", "4. The exchange", "5. What came", "The platform granted it."} {
				if !strings.Contains(steps.String(), title) {
					t.Errorf("the steps lack %q:\n%s", title, steps.String())
				}
			}
			if long := regexp.MustCompile(`(?m)^ +(access token|refresh token|code) +\S{20,}`).FindString(steps.String()); long != "" {
				t.Errorf("the steps show a whole secret: %s", long)
			}
		})
	}
}

// simulators are simulators that run as a process of their own.
type simulators struct {
	t         *testing.T
	Control   string
	Platforms map[string]simReady
}

func startSimulators(t *testing.T) *simulators {
	t.Helper()
	cmd := program(t, nil, append([]string{"simulate"}, freePorts()...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
	})
	s := &simulators{t: t}
	if err := json.NewDecoder(out).Decode(s); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *simulators) post(path string, in any) map[string]any {
	s.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.Control+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	out := map[string]any{}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatalf("%s answered %d, %v: %v", path, resp.StatusCode, err, out)
	}
	return out
}

// conversation is a `try` that a test talks to.
type conversation struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Reader
	told  strings.Builder
}

func (s *simulators) talk(code string, environment []string, flags ...string) *conversation {
	s.t.Helper()
	base := s.Platforms[code].Base
	args := []string{"try", code, "--set", "redirect_uri=https://erp.example.org/callback"}
	for _, e := range []string{"authorize", "token", "api"} {
		args = append(args, "--endpoint", e+"="+base)
	}
	s.post("/"+code+"/apps", withRedirect(s.Platforms[code].Apps[0]))
	c := &conversation{t: s.t, cmd: program(s.t, environment, append(args, flags...)...)}
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		s.t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	c.cmd.Stderr = c.cmd.Stdout
	c.lines = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	return c
}

func withRedirect(app map[string]any) map[string]any {
	told := map[string]any{"redirect_uri": "https://erp.example.org/callback"}
	for name, value := range app {
		if _, ok := told[name]; !ok {
			told[name] = value
		}
	}
	return told
}

// until reads lines up to the first that begins with a text.
func (c *conversation) until(begin string) string {
	c.t.Helper()
	for {
		line, err := c.lines.ReadString('\n')
		c.told.WriteString(line)
		if strings.HasPrefix(line, begin) {
			return strings.TrimSpace(line)
		}
		if err != nil {
			c.t.Fatalf("the command ended before %q:\n%s", begin, c.told.String())
		}
	}
}

func (c *conversation) say(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

// end returns the exit status and everything that was said.
func (c *conversation) end() (int, string) {
	c.t.Helper()
	_ = c.in.Close() // nothing more is pasted
	rest, err := io.ReadAll(c.lines)
	if err != nil {
		c.t.Fatal(err)
	}
	c.told.Write(rest)
	var ended *exec.ExitError
	if err := c.cmd.Wait(); err != nil && !errors.As(err, &ended) {
		c.t.Fatal(err)
	}
	return c.cmd.ProcessState.ExitCode(), c.told.String()
}

// TestTryPasted gives the address that the browser ended on by hand, as where the registered address is a server's.
func TestTryPasted(t *testing.T) {
	t.Parallel()
	s := startSimulators(t)
	app := s.Platforms["shopee"].Apps[0]
	key := app["partner_key"].(string)
	set := "partner_id=" + jsonText(app["partner_id"])
	c := s.talk("shopee", []string{"KEY=" + key}, "--set", set, "--secret", "partner_key=env:KEY")
	link := c.until(s.Platforms["shopee"].Base)
	back := s.post("/shopee/consent", map[string]any{"url": link, "shops": []any{s.Platforms["shopee"].Shops[0]["id"]}})
	address := back["callback"].(string)
	c.until("Paste")
	c.say("erp.example.org")
	c.until("that is no whole address")
	c.say(link)
	c.until("that is the link itself")
	c.say(regexp.MustCompile(`state=[^&]*`).ReplaceAllString(address, "state=ANOTHER"))
	c.until("the address carries the state of another link")
	c.say(`"` + address + `"`)
	status, told := c.end()
	if status != 0 || !strings.Contains(told, "The platform granted it.") {
		t.Errorf("try with a pasted address ended with %d, want 0 and a token:\n%s", status, told)
	}
	if strings.Contains(told, key) {
		t.Errorf("the steps show the app's secret:\n%s", told)
	}
}

// TestTryRefused lets the merchant say no: the error is explained, and the exit status says that there is no token.
func TestTryRefused(t *testing.T) {
	t.Parallel()
	s := startSimulators(t)
	app := s.Platforms["eleme"].Apps[0]
	c := s.talk("eleme", []string{"SECRET=" + app["app_secret"].(string)}, "--set", "app_key="+app["app_key"].(string), "--secret", "app_secret=env:SECRET")
	link := c.until(s.Platforms["eleme"].Base)
	back := s.post("/eleme/consent", map[string]any{"url": link, "decision": "deny"})
	address, _ := back["callback"].(string)
	if address == "" {
		t.Fatalf("the simulator brought nothing back: %v", back)
	}
	c.say(address)
	if status, told := c.end(); status != 1 || !strings.Contains(told, "the merchant's move") {
		t.Errorf("try after a refusal ended with %d, want 1 and whose move it is:\n%s", status, told)
	}
}

// TestTryWithoutTerminal names what is missing, and takes no secret from the command line.
func TestTryWithoutTerminal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a missing setting":          {[]string{"try", "shopee"}, "partner_id is missing and there is no terminal to ask on: give --set partner_id=VALUE"},
		"a missing secret":           {[]string{"try", "shopee", "--set", "partner_id=12345"}, "--secret partner_key=env:VARIABLE"},
		"a secret in a flag":         {[]string{"try", "shopee", "--set", "partner_key=abcdef"}, "--set partner_key: it is a secret"},
		"a setting of none":          {[]string{"try", "shopee", "--set", "partnerid=1"}, "--set partnerid: shopee has no such setting; there are"},
		"an impossible id":           {[]string{"try", "shopee", "--set", "partner_id=abc"}, "partner_id is not a whole number above zero"},
		"an unknown platform":        {[]string{"try", "shoppee"}, "shoppee"},
		"a missing shop":             {[]string{"try", "shoplazza", "--set", "client_id=a", "--secret", "client_secret=env:S"}, "--shop is missing"},
		"a callback beyond loopback": {[]string{"try", "eleme", "--set", "app_key=a", "--secret", "app_secret=env:S", "--listen", "0.0.0.0:1"}, "--listen must be a loopback address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := program(t, []string{"S=made-up-secret"}, c.args...).CombinedOutput()
			var ended *exec.ExitError
			if !errors.As(err, &ended) || ended.ExitCode() != 2 || !strings.Contains(string(out), c.want) {
				t.Errorf("%s ended with %v, want exit status 2 and %q:\n%s", strings.Join(c.args, " "), err, c.want, out)
			}
			if strings.Contains(string(out), "abcdef") {
				t.Errorf("the error repeats the secret: %s", out)
			}
		})
	}
}

// TestTryWaitsOnLoopback lets the browser come to the loopback callback while nobody pastes.
func TestTryWaitsOnLoopback(t *testing.T) {
	t.Parallel()
	cmd := program(t, nil, "try", "taobao", "--simulate", "--by-hand", "--wait", "1m")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &conversation{t: t, cmd: cmd, lines: bufio.NewReader(out), in: nopCloser{io.Discard}}
	callback := regexp.MustCompile(`http\S+/callback`).FindString(c.until("The callback address is"))
	c.until("Waiting at")
	client := &http.Client{Timeout: 5 * time.Minute}
	for _, query := range []string{"", "?code=abc&state=not-ours"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, callback+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("a callback of another link answered %d, want 400", resp.StatusCode)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if status, told := c.end(); status == 0 || strings.Contains(told, "granted") {
		t.Errorf("a foreign callback ended the waiting: status %d\n%s", status, told)
	}
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return strings.Trim(string(b), `"`)
}
