package api_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestImportLeavesItsConnectionWhole imports over a real connection that stays, and goes on asking on it: the deadlines by
// which the body was read are over.
func TestImportLeavesItsConnectionWhole(t *testing.T) {
	h := newHouse(t)
	server := httptest.NewServer(h.handler)
	defer server.Close()
	client := server.Client()
	ask := func(method, path string, body io.Reader) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, body)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "api.example"
		req.Header.Set("Authorization", "Bearer "+h.keys["all"].Reveal())
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("%s %s = %d %s, %v", method, path, res.StatusCode, text, err)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
		return res
	}
	var file strings.Builder
	for i := range 2500 {
		file.WriteString(h.imported(fmt.Sprint(i), nil))
	}
	for range 3 {
		ask(http.MethodPost, "/v1/grants/import", strings.NewReader(file.String()))
		time.Sleep(5 * time.Millisecond) // a deadline of the body's would pass meanwhile
		ask(http.MethodGet, "/v1/grants?limit=1", nil)
	}
}

// TestImportThatIsGivenUpIsAnswered sends more rows than are told one by one, and never the end of its body: whether the
// reader waits for more of it at that moment, or has read rows that nobody wants.
func TestImportThatIsGivenUpIsAnswered(t *testing.T) {
	h := newHouse(t)
	server := httptest.NewServer(h.handler)
	defer server.Close()
	for _, rows := range []int{12_000, 40_000} {
		t.Run(fmt.Sprint(rows), func(t *testing.T) {
			body, sends := io.Pipe()
			go func() {
				_, _ = io.WriteString(sends, strings.Repeat("{}\n", rows)) // and then nothing; the server may have left
			}()
			defer func() { _ = sends.Close() }()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/v1/grants/import?rows=true", body)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = "api.example"
			req.Header.Set("Authorization", "Bearer "+h.keys["all"].Reveal())
			res, err := server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			if res.StatusCode != http.StatusUnprocessableEntity || !res.Close {
				t.Errorf("%s, close %t; want the refusal and the end of the connection", res.Status, res.Close)
			}
		})
	}
}
