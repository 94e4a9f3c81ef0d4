package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	gk "github.com/grantkeep/grantkeep"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

const body = `{"id":"evt_1","position":7,"kind":"grant.revoked","text":{"en":"The authorization of a shop was withdrawn."}}`

// signedHeaders are the headers of a genuine delivery of body.
func signedHeaders(t *testing.T) http.Header {
	t.Helper()
	w, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	signature, err := w.Sign("evt_1", now, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set("webhook-id", "evt_1")
	h.Set("webhook-timestamp", fmt.Sprint(now.Unix()))
	h.Set("webhook-signature", "v1,b3RoZXI= "+signature)
	return h
}

func TestReceiverTakesWhatIsGenuine(t *testing.T) {
	var out bytes.Buffer
	h := receiver(gk.NewSecret(secret), &out)
	for _, c := range []struct {
		body string
		want int
	}{{body, http.StatusOK}, {strings.Replace(body, "7", "8", 1), http.StatusUnauthorized}} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
		r.Header = signedHeaders(t)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s = %d, want %d", c.body, w.Code, c.want)
		}
	}
	if out.String() != "7 grant.revoked: The authorization of a shop was withdrawn.\n" {
		t.Errorf("it wrote %q", out.String())
	}
}

// TestPythonOfTheGuide runs the guide's snippet where there is a Python.
func TestPythonOfTheGuide(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Log("there is no Python here; the snippet is not run")
		return
	}
	guide, err := os.ReadFile("../events.md")
	if err != nil {
		t.Fatal(err)
	}
	snippet := regexp.MustCompile("(?s)```python\n(.*?)```").FindSubmatch(guide)
	if snippet == nil {
		t.Fatal("the guide has no Python")
	}
	h := signedHeaders(t)
	program := "import base64, hashlib, hmac, time\n" + string(snippet[1]) + fmt.Sprintf(
		"h = {'webhook-id': %q, 'webhook-timestamp': %q, 'webhook-signature': %q}\nbody = %q.encode()\nprint(genuine(%q, h, body), genuine(%q, h, body + b' '))\n",
		h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"), body, secret, secret)
	out, err := exec.CommandContext(t.Context(), python, "-c", program).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "True False" {
		t.Errorf("the snippet says %s, %v, want True False", out, err)
	}
}
