package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/store"
)

// lastTraces is how long a process that stops waits for the collector to take what it has not heard.
const lastTraces = 5 * time.Second

// wantsTraces reports whether the standard variables name a collector. Without one nothing is traced.
func wantsTraces(getenv func(string) string) (bool, error) {
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false, nil
	}
	if e := getenv("OTEL_TRACES_EXPORTER"); e != "" && e != "otlp" {
		return false, shell.Usage("OTEL_TRACES_EXPORTER is %q: this program knows otlp and none", e)
	}
	if getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" && getenv("OTEL_TRACES_EXPORTER") == "" {
		return false, nil
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if p := getenv(name); p != "" {
			if p != "http/protobuf" {
				return false, shell.Usage("%s is %q: this program speaks http/protobuf (a collector's port 4318)", name, p)
			}
			break
		}
	}
	return true, nil
}

// traces opens the way of traces to the operator's collector, which the standard OTEL_ variables name; nil where they name
// none. end sends what is left. A collector that is away costs traces, nothing else.
func traces(ctx context.Context, by string, log *slog.Logger) (provider trace.TracerProvider, end func(), err error) {
	wanted, err := wantsTraces(os.Getenv)
	if err != nil || !wanted {
		return nil, func() {}, err
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces", "error", err) }))
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("traces: %w", err)
	}
	identity, _, _ := store.IdentityOf(by)
	about, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", "grantkeep"), attribute.String("service.version", shell.Version), attribute.String("service.instance.id", identity),
	), resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, nil, fmt.Errorf("traces: %w", err)
	}
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	log.Info("each refresh is told to the collector as a trace")
	return p, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTraces)
		defer cancel()
		if err := p.Shutdown(ctx); err != nil {
			log.Warn("the last traces did not reach the collector", "error", err)
		}
	}, nil
}
