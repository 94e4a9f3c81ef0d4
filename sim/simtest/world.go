// Package simtest is what the tests of every simulator need: one that runs, and a client of it.
//
// A simulator's test embeds World in a type of its own and adds how the platform's requests are written, once more and
// apart from the simulator.
package simtest

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// World is a simulator that runs and what its ready line tells.
type World struct {
	*testing.T
	Running *sim.Running
	Base    string         // address of the platform
	Control string         // address of the control calls
	App     map[string]any // the app that acts, at first the first one

	Apps, Shops, Owners []map[string]any

	platform string
	client   *http.Client
}

// Start runs one simulator, with the catalogue that lies beside its driver, until the test ends.
func Start(t *testing.T, platform string, maker sim.Maker, o sim.Options) *World {
	t.Helper()
	o.Platforms = []sim.Platform{{Name: platform, New: maker, Rows: Rows(t)}}
	running, err := sim.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	line, err := json.Marshal(running)
	if err != nil {
		t.Fatal(err)
	}
	var ready struct {
		Control   string
		Platforms map[string]struct {
			Base                string
			Apps, Shops, Owners []map[string]any
		}
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatalf("ready line %s: %v", line, err)
	}
	here := ready.Platforms[platform]
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &World{
		T: t, Running: running, Base: here.Base, Control: ready.Control,
		App: here.Apps[0], Apps: here.Apps, Shops: here.Shops, Owners: here.Owners,
		platform: platform, client: &http.Client{Transport: transport, CheckRedirect: stay},
	}
}

// Rows reads the platform's faults.csv. A test runs in the simulator's folder, which has the platform's code as its name.
func Rows(t *testing.T) []sim.Row {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join("..", "..", "platform", filepath.Base(folder), "faults.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []sim.Row
	for _, l := range lines[1:] {
		rows = append(rows, sim.Row{Stage: l[1], Code: l[2], Pattern: l[3], When: l[4], Example: l[5], Action: l[6]})
	}
	return rows
}

// Set sets an option of the platform.
func (w *World) Set(option string, value any) {
	w.Helper()
	w.Do(http.MethodPost, "/"+w.platform+"/options", map[string]any{option: value})
}

// Advance moves the clock on and waits for what that sets off.
func (w *World) Advance(d time.Duration) {
	w.Helper()
	if err := w.Running.Clock.Advance(w.Context(), d); err != nil {
		w.Fatal(err)
	}
}

// Now returns the simulated time.
func (w *World) Now() time.Time { return w.Running.Clock.Now() }

// Setting returns a setting of the app that acts, empty if it is no text.
func (w *World) Setting(name string) string {
	text, _ := w.App[name].(string)
	return text
}

// Shop returns the id of a shop.
func (w *World) Shop(i int) string { return w.Shops[i]["id"].(string) }

// Change sets parameters, given as name, value; an empty value takes one away.
func Change(values url.Values, change ...string) url.Values {
	for i := 0; i < len(change); i += 2 {
		values.Set(change[i], change[i+1])
		if change[i+1] == "" {
			values.Del(change[i])
		}
	}
	return values
}
