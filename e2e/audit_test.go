package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestUsesAreInTheAuditWhenAServerHasStopped reads tokens, stops the server at once, and looks after the next start, which
// serves metrics on an address of their own.
func TestUsesAreInTheAuditWhenAServerHasStopped(t *testing.T) {
	f := newFleet(t, "", 1)
	i := f.instances[0]
	grant := f.connect(0)
	get := func(url, key string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if key != "" {
			req.Header.Set("Authorization", "Bearer "+key)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	for range 7 {
		if status, body := get("http://"+i.address+"/v1/grants/"+grant+"/token", adminKey); status != http.StatusOK {
			t.Fatalf("token = %d\n%s", status, body)
		}
	}
	i.signal(syscall.SIGTERM)
	if got := i.status(); got != 0 {
		t.Fatalf("the server ended with %d, want 0", got)
	}
	i.process = launch(t, append(f.serveArgs(i), "--metrics-listen", "127.0.0.1:0")...)
	_, i.address, _ = strings.Cut(i.first(), "http://")
	status, body := get("http://"+i.address+"/v1/audit?action=token.read&grant="+grant, adminKey)
	var audit struct{ Items []struct{ Count int } }
	if err := json.Unmarshal([]byte(body), &audit); err != nil || status != http.StatusOK || len(audit.Items) != 1 || audit.Items[0].Count != 7 {
		t.Errorf("the audit = %d %v, want 7 reads together\n%s", status, err, body)
	}

	var own []string
	for end := time.Now().Add(5 * time.Minute); own == nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		own = regexp.MustCompile(`msg"?[=:]"?metrics"?.*?(127\.0\.0\.1:\d+)`).FindStringSubmatch(i.log.String())
	}
	if own == nil {
		t.Fatalf("no address of metrics was told\n%s", i.log.String())
	}
	if status, body := get("http://"+own[1]+"/metrics", ""); status != http.StatusOK || !strings.Contains(body, "grantkeep_") {
		t.Errorf("/metrics on its own address = %d\n%s", status, body)
	}
	for _, path := range []string{"/v1/grants", "/healthz", "/"} {
		if status, _ := get("http://"+own[1]+path, adminKey); status != http.StatusNotFound {
			t.Errorf("%s on the address of metrics = %d, want 404", path, status)
		}
	}
}
