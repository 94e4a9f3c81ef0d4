package serve

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	tracing "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

func TestTracesAreOffUnlessACollectorIsNamed(t *testing.T) {
	for _, c := range []struct {
		set    map[string]string
		wanted bool
		fails  bool
	}{
		{set: map[string]string{}},
		{set: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, wanted: true},
		{set: map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, wanted: true},
		{set: map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, wanted: true},
		{set: map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}},
		{set: map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}},
		{set: map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, fails: true},
		{set: map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"}, fails: true},
		{set: map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, wanted: true},
	} {
		wanted, err := wantsTraces(func(name string) string { return c.set[name] })
		if wanted != c.wanted || (err != nil) != c.fails {
			t.Errorf("%v: traced %t, %v; want %t, refused %t", c.set, wanted, err, c.wanted, c.fails)
		}
	}
}

func TestCollectorHearsTraces(t *testing.T) {
	heard := make(chan []byte, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Authorization") != "made-up" {
			t.Errorf("the collector is asked for %s with %q, %v", r.URL.Path, r.Header.Get("Authorization"), err)
		}
		heard <- body
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=made-up")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	provider, end, err := traces(t.Context(), "run_1/7", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, span := provider.Tracer("test").Start(t.Context(), "refresh")
	span.End()
	end()
	var got tracing.ExportTraceServiceRequest
	if err := proto.Unmarshal(<-heard, &got); err != nil {
		t.Fatal(err)
	}
	about := got.ResourceSpans[0]
	var names []string
	for _, a := range about.Resource.Attributes {
		names = append(names, a.Key+"="+a.Value.GetStringValue())
	}
	for _, want := range []string{"service.name=grantkeep", "service.instance.id=run_1", "deployment.environment.name=test"} {
		if !slices.Contains(names, want) {
			t.Errorf("the collector hears of %v; want %s among it", names, want)
		}
	}
	if name := about.ScopeSpans[0].Spans[0].Name; name != "refresh" {
		t.Errorf("the trace is called %q", name)
	}
}
