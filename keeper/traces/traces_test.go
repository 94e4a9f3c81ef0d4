package traces

import (
	"net/http"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// TestNoTraceHasAnIDThatMayBeAToken has a platform name what we sent, or what it issues, as the id of its answer.
func TestNoTraceHasAnIDThatMayBeAToken(t *testing.T) {
	asked := &platform.Request{
		URL: "https://example.com/token?sign=in-the-address", Header: http.Header{"Access-Token": {"in-a-header"}}, Body: []byte(`{"refresh_token":"in-the-body"}`),
	}
	for id, told := range map[string]bool{"req-1": true, "in-the-address": false, "in-a-header": false, "in-the-body": false, "issued": false} {
		kept := tracetest.NewSpanRecorder()
		ctx, whole := Refresh(t.Context(), sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(kept)), gk.Grant{Platform: "any"})
		Answered(ctx, whole, asked, platform.Reply{Status: 200, Body: []byte(`{"request_id":"` + id + `","access_token":"issued"}`)})
		whole.End()
		var said strings.Builder
		for _, a := range kept.Ended()[0].Attributes() {
			said.WriteString(a.Value.String() + " ")
		}
		if got := strings.Contains(said.String(), id); got != told {
			t.Errorf("the id %s is told: %t, want %t", id, got, told)
		}
	}
}
