// Package client is the Go client of Grantkeep's HTTP API. It never refreshes a token by itself: the server does, exactly
// once, however many clients want the new one.
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// Client calls one server with one key. It is safe for concurrent use.
type Client struct {
	server string
	key    gk.Secret
	http   *http.Client
}

// longestAnswer bounds what the client reads of an answer.
const longestAnswer = 64 << 20

// New makes a client. server is scheme://host[:port]; plain http is for loopback only, since the key travels in it.
func New(server string, key gk.Secret) (*Client, error) {
	u, err := url.Parse(strings.TrimSuffix(server, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("the server's address must be scheme://host[:port]")
	}
	if host := u.Hostname(); u.Scheme == "http" && host != "localhost" && host != "127.0.0.1" && host != "::1" {
		return nil, errors.New("the server's address must be https unless it is on loopback: the key would travel in clear")
	}
	if key.Empty() {
		return nil, errors.New("a key is needed")
	}
	return &Client{server: u.Scheme + "://" + u.Host, key: key, http: &http.Client{
		Timeout:       2 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the key goes nowhere else
	}}, nil
}

// Through returns the same client on another transport: one with a proxy, a certificate, or a network inside the process.
func (c *Client) Through(t http.RoundTripper) *Client {
	web := *c.http
	web.Transport = t
	return &Client{server: c.server, key: c.key, http: &web}
}

// Problem is an error of the server, as RFC 9457 writes it.
type Problem struct {
	Type       string        `json:"type"` // /problems/NAME; the name never changes
	Title      string        `json:"title"`
	Status     int           `json:"status"`
	Detail     string        `json:"detail"`
	Errors     []FieldError  `json:"errors"`
	Fault      *Fault        `json:"fault"` // what the platform said, where one spoke
	RetryAfter time.Duration `json:"-"`
}

// FieldError names one wrong member of a request.
type FieldError struct {
	Field   string `json:"field"` // path of the member or parameter
	Message string `json:"message"`
}

// Name returns the stable name of the problem.
func (p *Problem) Name() string { return strings.TrimPrefix(p.Type, "/problems/") }

// Error returns the detail, with the fields that are wrong.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, e := range p.Errors {
		if !strings.Contains(text, e.Message) { // the detail of a single mistake tells it already
			text += fmt.Sprintf("; %s: %s", e.Field, e.Message)
		}
	}
	if p.Fault != nil {
		text += "; the platform said " + p.Fault.Code
		if p.Fault.Remedy.En != "" {
			text += ": " + p.Fault.Remedy.En
		}
	}
	return text
}

// Call sends one request and decodes the answer into out, which may be nil. Errors are *Problem where the server spoke.
// A POST carries an Idempotency-Key of its own, so that it may be repeated when the server could not answer.
func (c *Client) Call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := c.request(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if method == http.MethodPost {
		req.Header.Set(idempotencyKey, rand.Text())
	}
	return c.exchange(req, out)
}

// request makes a request with the client's key.
func (c *Client) request(ctx context.Context, method, path string, query url.Values, body io.Reader) (*http.Request, error) {
	address := c.server + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.key.Reveal())
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// exchange sends a request and decodes the answer into out, which may be nil.
func (c *Client) exchange(req *http.Request, out any) error {
	res, err := patient(c.http.Do, req)
	if err != nil {
		return failed(req, err)
	}
	defer func() { _ = res.Body.Close() }() // only read from
	if res.StatusCode >= 300 {
		return refusal(req, res)
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	if err != nil {
		return failed(req, err)
	}
	if out == nil || len(b) == 0 {
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("%s %s: the answer is not what this client expects: %w", req.Method, req.URL.Path, err)
	}
	return nil
}

// unlimited is the HTTP client for answers of any length.
func (c *Client) unlimited() *http.Client {
	u := *c.http
	u.Timeout = 0
	return &u
}

// failed says which request an error of the network is about. The address is left out: its query may say too much.
func failed(req *http.Request, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("%s %s: %w", req.Method, req.URL.Path, err)
}

// refusal reads the problem of an answer.
func refusal(req *http.Request, res *http.Response) error {
	b, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	if err != nil {
		return failed(req, err)
	}
	return problem(res, b)
}

func problem(res *http.Response, body []byte) error {
	p := &Problem{Status: res.StatusCode, Title: res.Status}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") {
		if err := json.Unmarshal(body, p); err != nil {
			p.Detail = "the server's problem does not decode"
		}
	}
	if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
		p.RetryAfter = time.Duration(s) * time.Second
	}
	return p
}

// escape makes an id safe in a path.
func escape(id string) string { return url.PathEscape(id) }
