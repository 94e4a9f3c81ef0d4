package gateway_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/gateway"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
)

// TestPlatformThatRepeatsOurSecretsTellsThemToNobody lets a platform echo what it was sent: whole, cut into single bytes,
// behind a megabyte, in headers and trailers, escaped.
func TestPlatformThatRepeatsOurSecretsTellsThemToNobody(t *testing.T) {
	const almost = accessToken + "/and+more" // begins like the token
	secrets := accessToken + " " + url.QueryEscape(accessToken) + " " + appSecret + " " + appSecret[:10] + " " + almost[:20] + " end"
	long := strings.Repeat("x", 3<<20)
	h := newHouse(t, shoplazza.New(), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Echo", "Bearer "+accessToken)
		as := r.URL.Query().Get("as")
		switch as {
		case "error":
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"errors":"invalid token `+secrets+`"}`)
		case "drops":
			w.WriteHeader(http.StatusBadRequest)
			for _, c := range []byte(secrets) {
				_, _ = w.Write([]byte{c})
				_ = http.NewResponseController(w).Flush()
			}
		case "long":
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = io.WriteString(w, long+secrets)
		case "trailer":
			w.Header().Set("Trailer", "X-Late")
			_, _ = io.WriteString(w, "ok")
			w.Header().Set("X-Late", accessToken)
		}
	}, gateway.Options{})
	for as, length := range map[string]int{
		"error": len(`{"errors":"invalid token ` + secrets + `"}`), "drops": len(secrets), "long": len(long + secrets), "trailer": 2,
	} {
		res, body := h.get("GET", products+"?as="+as, "")
		var head strings.Builder
		_ = res.Header.Write(&head)  // a builder takes everything
		_ = res.Trailer.Write(&head) // and this
		for _, secret := range []string{accessToken, appSecret} {
			if strings.Contains(body+head.String(), secret) {
				t.Errorf("%s: the caller reads %s", as, secret)
			}
		}
		if len(body) != length {
			t.Errorf("%s: %d bytes, want %d", as, len(body), length)
		}
		if as != "trailer" && (!strings.Contains(body, appSecret[:10]+" "+almost[:20]+" end") || !strings.Contains(body, strings.Repeat("*", len(accessToken)))) {
			t.Errorf("%s: the rest of the answer is not what it was: %q", as, body[max(len(body)-200, 0):])
		}
	}
}

// TestAnswersThatComeInDropsAreNotKeptBack waits for the first part of an answer that never goes on by itself.
func TestAnswersThatComeInDropsAreNotKeptBack(t *testing.T) {
	more := make(chan struct{})
	h := newHouse(t, shoplazza.New(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = io.WriteString(w, "first part "+accessToken)
		_ = http.NewResponseController(w).Flush()
		<-more
	}, gateway.Options{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.front.URL+"/proxy/"+h.grant.ID+products, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	defer close(more)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	want := "first part " + strings.Repeat("*", len(accessToken))
	got := make([]byte, len(want))
	read := make(chan error, 1)
	go func() { _, err := io.ReadFull(res.Body, got); read <- err }()
	select {
	case err := <-read:
		if err != nil || string(got) != want {
			t.Errorf("the first part is %q, error %v; want %q", got, err, want)
		}
	case <-time.After(5 * time.Minute):
		t.Error("the first part is kept back")
	}
}
