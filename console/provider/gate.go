package provider

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/grantkeep/grantkeep/outbound"
)

// longestAnswer is how much a provider may say, in bytes: keys and discovery of large ones have tens of thousands.
const longestAnswer = 1 << 20

// bounded is a context in which the libraries of the protocol send through the gate.
func (p *Provider) bounded(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, &http.Client{ //nolint:forbidigo // its way to the socket is the gate
		Transport: through{p.o.Gate}, Timeout: 2 * patience, //nolint:forbidigo // the gate itself
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
}

// through sends by the gate: to what is public, and to the issuer, which the operator named at the start.
type through struct{ gate *outbound.Gate }

// RoundTrip sends one request, and reads its answer whole.
func (t through) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.gate.Send(r.Context(), r, outbound.Policy{
		Public: true, Timeout: patience, MaxBody: longestAnswer, Once: r.Method == http.MethodPost,
	})
	if err != nil {
		return nil, err
	}
	if answer.Truncated {
		return nil, errors.New("provider: the answer is too long")
	}
	return &http.Response{
		Status: http.StatusText(answer.Status), StatusCode: answer.Status, Header: answer.Header, Body: io.NopCloser(bytes.NewReader(answer.Body)), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(answer.Body)),
	}, nil
}
