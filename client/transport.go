package client

import (
	"net/http"
	"net/url"
)

// Transport returns an [http.RoundTripper] that sends a platform's API calls on behalf of a grant: the server adds the
// token, the identifiers and the signature, and sends the call once more after a refresh where that can help. The path
// and the query of a request count; its host is not looked at, since the grant decides where its calls go. What the
// platform answers is the answer; what the server itself refuses is a *Problem as error.
func (c *Client) Transport(grant string) http.RoundTripper { return &transport{c, grant} }

type transport struct {
	client *Client
	grant  string
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	to, err := url.Parse(t.client.server + "/proxy/" + escape(t.grant) + req.URL.EscapedPath())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // a RoundTripper closes it whatever happens
		}
		return nil, err
	}
	to.RawQuery = req.URL.RawQuery
	out := req.Clone(req.Context())
	out.URL, out.Host = to, ""
	out.Header.Set("Authorization", "Bearer "+t.client.key.Reveal())
	res, err := patient(t.client.roundTripper().RoundTrip, out)
	if err != nil {
		return nil, err
	}
	if !platforms(res) {
		defer func() { _ = res.Body.Close() }() // only read from
		return nil, refusal(out, res)
	}
	return res, nil
}

func (c *Client) roundTripper() http.RoundTripper {
	if c.http.Transport != nil {
		return c.http.Transport
	}
	return http.DefaultTransport
}
