package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// Answer is a platform's answer to a call that the server sent on behalf of a grant. Fault says what went wrong; nil if
// the call succeeded or nobody can tell. Whoever gets it closes Body.
type Answer struct {
	Status int
	Header http.Header
	Body   io.ReadCloser
	Fault  *Fault
}

// Send has the server send a call, a JSON object such as {"method":"GET","path":"/openapi/2022-01/shop"}, on behalf of a
// grant. The answer's body has no limit of size or time but that of ctx. Errors are *Problem where the server itself
// spoke; what the platform answers is no error.
func (c *Client) Send(ctx context.Context, grant string, call json.RawMessage) (*Answer, error) {
	return c.send(ctx, "/v1/grants/"+escape(grant)+"/call", call)
}

// SendApp is Send for an operation of an app itself, which no merchant's token is for.
func (c *Client) SendApp(ctx context.Context, app string, call json.RawMessage) (*Answer, error) {
	return c.send(ctx, "/v1/apps/"+escape(app)+"/call", call)
}

func (c *Client) send(ctx context.Context, path string, call json.RawMessage) (*Answer, error) {
	body, err := json.Marshal(map[string]json.RawMessage{"call": call})
	if err != nil {
		return nil, errors.New("the call is not JSON")
	}
	req, err := c.request(ctx, http.MethodPost, path, nil, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := patient(c.unlimited().Do, req)
	if err != nil {
		return nil, failed(req, err)
	}
	if !platforms(res) {
		defer func() { _ = res.Body.Close() }() // only read from
		return nil, refusal(req, res)
	}
	a := &Answer{Status: res.StatusCode, Header: res.Header, Body: res.Body}
	if line := res.Header.Get("Grantkeep-Fault"); line != "" {
		a.Fault = new(Fault)
		if err := json.Unmarshal([]byte(line), a.Fault); err != nil {
			return nil, errors.Join(errors.New("the server's header Grantkeep-Fault does not decode"), res.Body.Close())
		}
	}
	return a, nil
}
