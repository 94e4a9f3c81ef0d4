package client

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/url"
)

// Seen is what an address answered to somebody who has no key.
type Seen struct {
	Status      int
	Header      http.Header
	Certificate *x509.Certificate // of the server; nil: plain http
}

// Look asks for an address as a browser or a platform would: without the key, and without following a redirect. The error
// names neither the path nor the query.
func (c *Client) Look(ctx context.Context, address string) (Seen, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Seen{}, errors.New("it is no address")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return Seen{}, err
	}
	defer func() { _ = resp.Body.Close() }() // only the beginning is of interest
	if _, err := io.CopyN(io.Discard, resp.Body, 64<<10); err != nil && !errors.Is(err, io.EOF) {
		return Seen{}, err
	}
	seen := Seen{Status: resp.StatusCode, Header: resp.Header}
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		seen.Certificate = resp.TLS.PeerCertificates[0]
	}
	return seen, nil
}
