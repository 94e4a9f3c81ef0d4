package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store/sqlite"
)

// BenchmarkStart starts a server on SQLite, without grants and with a hundred thousand, and reports how long it takes
// until it has answered a reader, and the memory that it occupies at rest. The process is the test binary: without the
// race detector it is as large as a release but for the tests in it.
func BenchmarkStart(b *testing.B) {
	for _, grants := range []int{0, 100_000} {
		b.Run(fmt.Sprint(grants, " grants"), func(b *testing.B) {
			data := filepath.Join(b.TempDir(), "data")
			fill(b, data, grants)
			var started time.Duration
			for b.Loop() {
				begun := time.Now()
				p := launch(b, "serve", "--listen", "127.0.0.1:0", "--data", data)
				p.first()
				started += time.Since(begun)
				time.Sleep(3 * time.Second)
				b.ReportMetric(memoryOf(b, p.cmd.Process.Pid), "MiB")
				p.signal(os.Kill)
				<-p.ended
			}
			b.ReportMetric(started.Seconds()*1000/float64(b.N), "ms-to-ready")
			b.ReportMetric(0, "ns/op") // most of it is the wait for rest
		})
	}
}

// fill makes a database with many grants that need nothing for a year.
func fill(b testing.TB, data string, n int) {
	b.Helper()
	db, err := sqlite.Open(b.Context(), data)
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	if err := db.CreateApp(b.Context(), gk.App{ID: "app_1", Platform: code, Environment: gk.Production, CreatedAt: now, UpdatedAt: now}); err != nil {
		b.Fatal(err)
	}
	var grants []gk.Grant
	for i := range n {
		shop := strconv.Itoa(100_000 + i)
		grants = append(grants, gk.Grant{
			ID: gk.NewID("grt", now), App: "app_1", State: gk.Active, Renewable: true, Generation: 1, Version: 1,
			Origin:  gk.Origin{PairSpent: -1, PairAskedAt: now},
			Subject: gk.Subject{Kind: gk.KindShop, ID: shop, Host: "s" + shop + ".myshoplaza.com"}, Shops: []gk.Shop{{ID: shop}},
			Pair:         gk.Pair{Expires: now.AddDate(2, 0, 0)},
			Pacing:       gk.Pacing{DueAt: now.AddDate(1, 0, 0)},
			AuthorizedAt: now, CreatedAt: now, UpdatedAt: now,
		})
		if len(grants) < 1000 && i < n-1 {
			continue
		}
		some := grants
		grants = nil
		err := db.PutGrants(b.Context(), "app_1", "", "", nil, now, func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
			return some, nil, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}

// memoryOf returns the memory that a process occupies, in MiB.
func memoryOf(b testing.TB, pid int) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				b.Fatal(err)
			}
			return float64(kib) / 1024
		}
	}
	b.Fatal("the system does not tell")
	return 0
}
