package platformtest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Calls gives a driver calls and callbacks that two readers would read in two ways.
func Calls(t *testing.T, d platform.Driver, s Sample) {
	t.Helper()
	t.Run("a call that could be read in two ways is refused", func(t *testing.T) { twoWaysAreRefused(t, d, s) })
	t.Run("a callback that says a code twice is refused", func(t *testing.T) { twiceIsRefused(t, d, s) })
}

// PlatformCall is the sample's call as a driver takes it.
func (c SampleCall) PlatformCall(t testing.TB) platform.Call {
	t.Helper()
	call := platform.Call{Method: c.Method, Path: c.Path, Operation: c.Operation, Body: []byte(c.Body)}
	if c.Operation != "" {
		params := c.Params
		if params == nil {
			params = map[string]any{}
		}
		var err error
		if call.Params, err = json.Marshal(params); err != nil {
			t.Fatal(err)
		}
	}
	return call
}

// sign asks a driver to sign the sample's call, changed.
func (s Sample) sign(t *testing.T, d platform.Driver, change func(*platform.Call)) error {
	t.Helper()
	app := s.app(d)
	app.Nonce = strings.Repeat("0", 32)
	cred := platform.Credential{Subject: s.subject()}
	if d.Spec().Facts.Tokens {
		cred.Token.Access = gk.NewSecret("At_1")
	}
	call := s.Call.PlatformCall(t)
	change(&call)
	_, err := d.Sign(app, cred, call)
	return err
}

// twoWaysAreRefused: a header value or an id that ends a line, or that servers decode as they please.
func twoWaysAreRefused(t *testing.T, d platform.Driver, s Sample) {
	header := func(name, value string) func(*platform.Call) {
		return func(c *platform.Call) { c.Header = http.Header{name: {value}} }
	}
	id := func(text string) func(*platform.Call) { return func(c *platform.Call) { c.ID = text } }
	if err := s.sign(t, d, header("X-Request-Id", "plain text, 1")); err != nil {
		t.Errorf("a plain header: %v", err)
	}
	if err := s.sign(t, d, id("9A1C0D5BE27A4963A0D2B7C4E61F3AF2|1720000000123")); err != nil {
		t.Errorf("a plain id: %v", err)
	}
	for name, c := range map[string]struct {
		change func(*platform.Call)
		field  string
	}{
		"a header with a line break":    {header("X-Request-Id", "a\r\nHost: evil.example"), "headers"},
		"a header with a NUL":           {header("X-Request-Id", "a\x00"), "headers"},
		"a header with a tab":           {header("X-Request-Id", "a\tb"), "headers"},
		"a header with DEL":             {header("X-Request-Id", "a\x7f"), "headers"},
		"a header beyond ASCII":         {header("X-Request-Id", "ключ"), "headers"},
		"a header of one byte beyond":   {header("X-Request-Id", "caf\xe9"), "headers"},
		"a header's name with a break":  {header("X-\r\nY", "a"), "headers"},
		"a header's name with a blank":  {header("X Y", "a"), "headers"},
		"a header's name beyond ASCII":  {header("Х-Request", "a"), "headers"},
		"an id with a line break":       {id("1\r\nX-Evil: 1"), "id"},
		"an id with a NUL":              {id("1\x00"), "id"},
		"an id beyond ASCII":            {id("номер"), "id"},
		"an id of two hundred and more": {id(strings.Repeat("1", 200)), "id"},
	} {
		var bad *platform.BadCall
		if err := s.sign(t, d, c.change); !errors.As(err, &bad) || bad.Field != c.field {
			t.Errorf("%s: %v, want a *BadCall for %s", name, err, c.field)
		}
	}
}

// twiceIsRefused gives a code in the query and in the body, and twice in one. A server that posts a proof may call it
// forged instead.
func twiceIsRefused(t *testing.T, d platform.Driver, s Sample) {
	for name, in := range map[string]platform.Incoming{
		"in query and body":       {Method: http.MethodPost, URL: "https://hub.example/cb?code=a&shop_id=7", Body: []byte("code=b&state=s")},
		"in capitals in the body": {Method: http.MethodPost, URL: "https://hub.example/cb?code=a&shop_id=7", Body: []byte("CODE=b&state=s")},
		"twice in the query":      {Method: http.MethodGet, URL: "https://hub.example/cb?code=a&code=b&shop_id=7&state=s"},
		"twice in the body":       {Method: http.MethodPost, URL: "https://hub.example/cb", Body: []byte("code=a&code=b&state=s")},
	} {
		cb, err := d.ReadCallback(s.app(d), in)
		var bad *platform.BadCallback
		refused := errors.As(err, &bad) || in.Method == http.MethodPost && errors.Is(err, platform.ErrForged)
		if !refused || !cb.Code.Empty() {
			t.Errorf("a code %s: %v, want a *BadCallback", name, err)
		}
	}
}
