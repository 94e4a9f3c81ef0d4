package gateway_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/gateway"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform/shopee"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
)

const products = "/openapi/2022-01/products"

func TestBodiesPassUnharmed(t *testing.T) {
	long := strings.Repeat(`{"a":"店铺"},`, 200_000) // beyond what is read ahead
	h := newHouse(t, shoplazza.New(), func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("as") {
		case "gzip":
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, long)
			_ = z.Close()
		case "chunked":
			w.Header().Set("Content-Type", "application/json")
			for part := range strings.SplitSeq(long[:3000], ",") {
				_, _ = io.WriteString(w, part+",")
				_ = http.NewResponseController(w).Flush()
			}
		case "trailers":
			w.Header().Set("Trailer", "X-Sum, Set-Cookie")
			_, _ = io.WriteString(w, "with trailers")
			w.Header().Set("X-Sum", "42")
			w.Header().Set("Set-Cookie", "a=b")
			w.Header().Set(http.TrailerPrefix+"X-Late", "43")
		case "empty":
			w.WriteHeader(http.StatusNoContent)
		case "cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "not a hundred")
		}
	}, gateway.Options{})

	if res, body := h.get("GET", products+"?as=gzip", ""); body != long || res.StatusCode != 200 {
		t.Errorf("gzip: %d with %d bytes, want 200 with %d", res.StatusCode, len(body), len(long))
	}
	if _, body := h.get("GET", products+"?as=chunked", ""); body != long[:3000]+"," {
		t.Errorf("chunked: %d bytes, want %d", len(body), 3001)
	}
	res, body := h.get("GET", products+"?as=trailers", "")
	if body != "with trailers" || res.Trailer.Get("X-Sum") != "42" || res.Trailer.Get("X-Late") != "43" || res.Trailer.Get("Set-Cookie") != "" {
		t.Errorf("trailers: %q with %v, want X-Sum 42, X-Late 43 and no cookie", body, res.Trailer)
	}
	if res, body := h.get("GET", products+"?as=empty", ""); res.StatusCode != http.StatusNoContent || body != "" {
		t.Errorf("empty: %d %q", res.StatusCode, body)
	}
	cut, err := http.Get(h.front.URL + "/proxy/" + h.grant.ID + products + "?as=cut")
	if err == nil { // the headers had left already
		_, err = io.ReadAll(cut.Body)
		_ = cut.Body.Close()
	}
	if err == nil {
		t.Error("a cut answer looks whole")
	}
}

func TestMultipartReachesThePlatformByteForByte(t *testing.T) {
	h := newHouse(t, shopee.New(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"error":"","response":{}}`)
	}, gateway.Options{})
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("image", "店铺.png")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write([]byte{0x89, 'P', 'N', 'G', 0, 0xff, '\r', '\n'})
	_ = form.Close()
	sent := b.String()
	res, _ := h.get("POST", "/api/v2/media_space/upload_image", sent, "Content-Type", form.FormDataContentType())
	if res.StatusCode != 200 || len(h.requests()) != 1 {
		t.Fatalf("%d after %d requests: %v", res.StatusCode, len(h.requests()), h.refusal())
	}
	got := h.requests()[0]
	body, _ := io.ReadAll(got.Body)
	if string(body) != sent || got.Header.Get("Content-Type") != form.FormDataContentType() || got.ContentLength != int64(len(sent)) {
		t.Errorf("%d bytes as %q, want %d as %q", len(body), got.Header.Get("Content-Type"), len(sent), form.FormDataContentType())
	}
}

func TestHundredMegabytesComeThrough(t *testing.T) {
	const size = 100 << 20
	block := bytes.Repeat([]byte("0123456789abcdef"), 1<<12)
	h := newHouse(t, shoplazza.New(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", fmt.Sprint(size))
		for sent := 0; sent < size; sent += len(block) {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}, gateway.Options{})
	res := h.do("GET", products, nil)
	defer res.Body.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, res.Body)
	want := sha256.New()
	for range size / len(block) {
		want.Write(block)
	}
	if err != nil || n != size || res.ContentLength != size || !bytes.Equal(sum.Sum(nil), want.Sum(nil)) {
		t.Errorf("%d bytes of %d, error %v, or other bytes", n, res.ContentLength, err)
	}
}

func TestLongUploadGoesByWhereNobodyLooksIntoIt(t *testing.T) {
	const size = 24 << 20
	var got int64
	play := func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusCreated)
	}
	for _, known := range []bool{true, false} {
		h := newHouse(t, shoplazza.New(), play, gateway.Options{})
		var body io.Reader = bytes.NewReader(make([]byte, size))
		if !known {
			body = io.MultiReader(body) // hides the length
		}
		res := h.do("POST", products, body, "Content-Type", "application/octet-stream")
		_ = res.Body.Close()
		if res.StatusCode != http.StatusCreated || got != size {
			t.Errorf("length known %v: %d after %d bytes (%v), want 201 after %d", known, res.StatusCode, got, h.refusal(), size)
		}
	}
	h := newHouse(t, shopee.New(), play, gateway.Options{})
	res := h.do("POST", "/api/v2/product/add_item", bytes.NewReader(make([]byte, size)))
	_ = res.Body.Close()
	if !errors.Is(h.refusal(), gateway.ErrTooLarge) || len(h.requests()) != 0 {
		t.Errorf("where bodies are looked into: %v after %d requests, want ErrTooLarge and none", h.refusal(), len(h.requests()))
	}
}

func TestFirstBytesAreNotHeldBack(t *testing.T) {
	release := make(chan struct{})
	h := newHouse(t, shoplazza.New(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"first":1,`)
		_ = http.NewResponseController(w).Flush()
		<-release
		_, _ = io.WriteString(w, `"last":2}`)
	}, gateway.Options{})
	res := h.do("GET", products, nil)
	defer res.Body.Close()
	first := make([]byte, 11)
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != `{"first":1,` {
		t.Fatalf("first bytes = %q, %v", first, err)
	}
	close(release)
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != `"last":2}` {
		t.Errorf("the rest = %q, %v", rest, err)
	}
}

func TestPlatformThatStandsStillIsLeft(t *testing.T) {
	stop := make(chan struct{})
	h := newHouse(t, shoplazza.New(), func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("at") == "body" {
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write(make([]byte, 10))
			_ = http.NewResponseController(w).Flush()
		}
		<-stop
	}, gateway.Options{HeaderWait: 200 * time.Millisecond, Idle: 300 * time.Millisecond})
	defer close(stop)
	res := h.do("GET", products+"?at=headers", nil)
	_ = res.Body.Close()
	if !errors.Is(h.refusal(), outbound.ErrNoAnswer) {
		t.Errorf("no headers: %v, want no answer", h.refusal())
	}
	res = h.do("GET", products+"?at=body", nil)
	defer res.Body.Close()
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("a body that stands still ended as if it were whole")
	}
}
