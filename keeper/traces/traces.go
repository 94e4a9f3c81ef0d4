// Package traces tells an operator's collector of refreshes: one refresh is one trace.
package traces

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// name is that of the instrumentation.
const name = "github.com/grantkeep/grantkeep/keeper"

// Refresh begins the trace of a refresh, whoever wanted it. A provider of nil traces nothing. It holds ids of ours, what
// the platform is called and by what it calls its answer: no token, no address, no name of a shop.
func Refresh(ctx context.Context, provider trace.TracerProvider, g gk.Grant) (context.Context, trace.Span) {
	if provider == nil {
		provider = noop.NewTracerProvider()
	}
	return provider.Tracer(name).Start(ctx, "refresh", trace.WithNewRoot(), trace.WithAttributes(
		attribute.String("grantkeep.platform", g.Platform), attribute.String("grantkeep.app", g.App), attribute.String("grantkeep.grant", g.ID),
		attribute.String("grantkeep.attempt", g.AttemptID), attribute.Int64("grantkeep.generation", g.Generation)))
}

// Step begins a part of a refresh; its end is the caller's. Where no refresh is traced it costs nothing.
func Step(ctx context.Context, what string, kind trace.SpanKind) (context.Context, trace.Span) {
	return trace.SpanFromContext(ctx).TracerProvider().Tracer(name).Start(ctx, what, trace.WithSpanKind(kind))
}

// Answered notes what the platform answered, on the request and on the whole refresh. An id that repeats what we sent, or
// that stands in the answer once more, may be a token: it is left out.
func Answered(whole context.Context, request trace.Span, asked *platform.Request, reply platform.Reply) {
	if !request.IsRecording() {
		return
	}
	said := []attribute.KeyValue{attribute.Int("http.response.status_code", reply.Status)}
	if id := platform.RequestIDOf(reply); id != "" && !sent(asked, id) && bytes.Count(reply.Body, []byte(id)) < 2 {
		said = append(said, attribute.String("grantkeep.platform_request_id", id))
	}
	request.SetAttributes(said...)
	trace.SpanFromContext(whole).SetAttributes(said...)
}

// sent reports whether a request holds a text.
func sent(r *platform.Request, text string) bool {
	if strings.Contains(r.URL, text) || bytes.Contains(r.Body, []byte(text)) {
		return true
	}
	for _, values := range r.Header {
		if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, text) }) {
			return true
		}
	}
	return false
}

// Outcome notes how a refresh has ended; well says that it brought what was wanted.
func Outcome(ctx context.Context, outcome string, well bool) {
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(attribute.String("grantkeep.outcome", outcome))
	if !well {
		span.SetStatus(codes.Error, outcome)
	}
}
