package outbound_test

import (
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/grantkeep/grantkeep/outbound"
)

// BenchmarkRefresh measures refreshes to one host over kept-alive connections. The server shares the processors.
func BenchmarkRefresh(b *testing.B) {
	var dials atomic.Int64
	addr := serve(b, false, func(_ int, c net.Conn) {
		dials.Add(1)
		answers(c, func(*http.Request) string { return ok(`{"access_token":"a","refresh_token":"r","expires_in":7200}`) })
	})
	g := open(b, outbound.Options{Allow: []string{addr}})
	p := outbound.Policy{Allow: anyHost, Once: true}
	b.ReportAllocs()
	b.SetParallelism(100)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := g.Send(b.Context(), request(b, "POST", "http://"+addr+"/token", "grant_type=refresh_token"), p); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "renewals/s")
	b.ReportMetric(float64(dials.Load()), "connections")
}
