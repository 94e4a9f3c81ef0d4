package gateway_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/gateway"
	"github.com/grantkeep/grantkeep/platform/shopee"
)

// TestBodiesTakeNoMoreThanTheirBudget holds one body on its way and sends another: only what has arrived is counted, what
// does not fit is refused before anything is asked, and room that is given back serves the next.
func TestBodiesTakeNoMoreThanTheirBudget(t *testing.T) {
	const budget = 5 << 20
	arrived, answer := make(chan struct{}), make(chan struct{})
	h := newHouse(t, shopee.New(), func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > 3<<20 {
			close(arrived)
			<-answer
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"error":"","response":{}}`)
	}, gateway.Options{Bodies: budget})
	address := h.front.URL + "/proxy/" + h.grant.ID + "/api/v2/product/add_item"
	post := func(body io.Reader, length int64) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, body)
		if err != nil {
			t.Error(err)
			return 0
		}
		req.ContentLength = length
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	object := func(size int) []byte {
		return append(append([]byte(`{"a":"`), bytes.Repeat([]byte("x"), size)...), `"}`...)
	}
	send := func(size int) int {
		body := object(size)
		return post(bytes.NewReader(body), int64(len(body)))
	}
	half, sender := io.Pipe() // announces much and sends a little
	go func() { _, _ = sender.Write(object(1000)) }()
	go post(half, 16<<20)
	first := make(chan int, 1)
	go func() { first <- send(4 << 20) }()
	select {
	case <-arrived:
	case <-time.After(5 * time.Minute):
		t.Fatalf("the first body has not arrived: %v", h.refusal())
	}
	if status := send(2 << 20); status != http.StatusTeapot || !errors.Is(h.refusal(), gateway.ErrCrowded) {
		t.Errorf("a body beyond the budget = %d with %v, want refused as crowded", status, h.refusal())
	}
	if status := send(100); status != http.StatusOK {
		t.Errorf("a small body beside it = %d, want 200", status)
	}
	close(answer)
	if status := <-first; status != http.StatusOK {
		t.Errorf("the first body = %d, want 200", status)
	}
	if status := send(2 << 20); status != http.StatusOK {
		t.Errorf("a body after it = %d, want 200", status)
	}
	_ = sender.CloseWithError(io.ErrUnexpectedEOF) // the half-sent body ends here
}

// TestHalfSentBodyTimesOut sends the beginning of a body and nothing more.
func TestHalfSentBodyTimesOut(t *testing.T) {
	h := newHouse(t, shopee.New(), func(http.ResponseWriter, *http.Request) {}, gateway.Options{Idle: 200 * time.Millisecond})
	half, sender := io.Pipe()
	go func() { _, _ = sender.Write([]byte(`{"item`)) }()
	defer func() { _ = sender.Close() }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.front.URL+"/proxy/"+h.grant.ID+"/api/v2/product/add_item", half)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 1000
	if res, err := http.DefaultClient.Do(req); err == nil { // the answer, or the connection's end
		_ = res.Body.Close()
	}
	if !errors.Is(h.refusal(), gateway.ErrTooSlow) {
		t.Errorf("a body that never ends: %v, want ErrTooSlow", h.refusal())
	}
}
