package simtest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// Reply is an answer read whole.
type Reply struct {
	Status int
	Header http.Header
	Text   string
	Body   map[string]any // nil unless the text begins with a JSON object; numbers are json.Number
}

// Field returns a member of the body, empty if it is no text.
func (r Reply) Field(name string) string {
	text, _ := r.Body[name].(string)
	return text
}

// Ask makes a request, which has to be answered. header holds names and values; what is empty, the content type
// included, is not sent.
func (w *World) Ask(method, address, contentType, body string, header ...string) Reply {
	w.Helper()
	r, err := w.Try(method, address, contentType, body, header...)
	if err != nil {
		w.Fatalf("%s %s: %v", method, address, err)
	}
	return r
}

// Try is Ask for a request whose answer may be lost.
func (w *World) Try(method, address, contentType, body string, header ...string) (Reply, error) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, address, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	header = append([]string{"Content-Type", contentType}, header...)
	for i := 0; i < len(header); i += 2 {
		switch {
		case header[i] == "Host":
			req.Host = header[i+1]
		case header[i+1] != "":
			req.Header.Set(header[i], header[i+1])
		}
	}
	res, err := w.client.Do(req)
	if err != nil {
		return Reply{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return Reply{}, err
	}
	return Reply{Status: res.StatusCode, Header: res.Header, Text: string(text), Body: Object(string(text))}, nil
}

// Do makes a control call, which has to succeed.
func (w *World) Do(method, path string, body any) map[string]any {
	w.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	r := w.Ask(method, w.Control+path, "application/json", string(text))
	if r.Status != http.StatusOK {
		w.Fatalf("%s %s %s = %d %s", method, path, text, r.Status, r.Text)
	}
	return r.Body
}

// Object reads the JSON object that a text begins with, nil if it does not begin with one.
func Object(text string) map[string]any {
	var o map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if d.Decode(&o) != nil {
		return nil
	}
	return o
}
