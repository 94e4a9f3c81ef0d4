package keeper_test

import (
	"fmt"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// TestOneRefreshIsOneTrace refreshes once well and once against a refusal of the platform.
func TestOneRefreshIsOneTrace(t *testing.T) {
	story(t, "shopee", func(h *house) {
		heard := tracetest.NewInMemoryExporter()
		h.traces = sdktrace.NewTracerProvider(sdktrace.WithSyncer(heard))
		h.use(h.instance("traced"))
		g := h.connect(0, "")
		if _, err := h.refresh(g.ID, false); err != nil {
			t.Fatal(err)
		}
		h.fault("error_server", "refresh", 1)
		if _, err := h.refresh(g.ID, false); err != nil {
			t.Fatal(err)
		}
		traces := map[string][]string{}
		for _, span := range heard.GetSpans() {
			id := span.SpanContext.TraceID().String()
			traces[id] = append(traces[id], span.Name)
			for _, kv := range span.Attributes {
				if text := kv.Value.String(); text == h.truth(h.shop(0)).Access || text == h.truth(h.shop(0)).Refresh {
					t.Errorf("a token stands in %s of %s", kv.Key, span.Name)
				}
			}
		}
		var names []string
		for _, spans := range traces {
			names = append(names, fmt.Sprint(spans))
		}
		slices.Sort(names)
		if want := []string{"[ask refresh]", "[ask save refresh]"}; !slices.Equal(names, want) {
			t.Errorf("the traces are %v, want %v", names, want)
		}
		for n, outcome := range []string{"renewed", "refused"} {
			whole := heard.GetSpans()[[]int{2, 4}[n]]
			said := attribute.NewSet(whole.Attributes...)
			value := func(name string) string { v, _ := said.Value(attribute.Key(name)); return v.String() }
			if value("grantkeep.outcome") != outcome || value("grantkeep.grant") != g.ID || value("grantkeep.platform_request_id") == "" {
				t.Errorf("refresh %d says %v; want the grant, the platform's request id and %s", n+1, whole.Attributes, outcome)
			}
		}
	})
}
