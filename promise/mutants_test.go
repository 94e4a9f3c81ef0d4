package promise_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mutants are faults planted in the product's own code, one at a time, when the test binary is built: a fault that the
// checker does not notice would say that it cannot. Nothing of them is in any other build.
var mutants = []struct{ name, file, sound, mutant, provoke string }{
	{
		"dead token served", "keeper/token.go",
		"	g := e.Grant\n	if g.Usable(now) {\n		return r.serve(e, true)",
		"	g := e.Grant\n	if len(g.Access) > 0 {\n		return r.serve(e, true)", "",
	},
	{
		"unknown outcome taken for a refusal", "keeper/refresh.go",
		"	case errors.As(err, &refusal) && !errors.Is(err, platform.ErrGarbage):\n		return k.refused(ctx, a, g, refusal)",
		"	case errors.As(err, &refusal) || errors.Is(err, platform.ErrGarbage):\n		return k.refused(ctx, a, g, &gk.Fault{Platform: a.App.Platform, Action: gk.Reauthorize, Code: \"mutant\"})", "",
	},
	{
		// What is held is also taken for an attempt without a known outcome, which is not asked again: both guards go.
		"claim without a lease", "lifecycle/claim.go",
		"	case g.Attempting(now):\n		return Wait{now.Add(time.Second), UnderWay}, nil\n",
		"	case g.Attempting(now) && g.Renewable:\n		hold(grant, a)\n		return Claimed{}, nil\n", "late",
	},
	{
		"save without a fence", "store/sqlstore/save.go",
		"generation = $2 AND state <> 'revoked'\n			AND (attempt_id = '' OR attempt_id = $3",
		"$2 > 0\n			AND ($15 = $15 OR attempt_id = $3", "freeze:save",
	},
	{"cache without end", "keeper/cache/cache.go", "	if e.old {\n		return false\n	}\n	at := c.stood(e)\n", "	at := c.stood(e)\n	if c != nil {\n		return true\n	}\n", ""},
	{"event dropped", "store/sqlstore/change.go", "		return addEvents(ctx, q, events, &g)\n", "		return addEvents(ctx, q, events[:0], &g)\n", ""},
	{
		"guard skipped: another database answers", "keeper/refresh.go",
		"	if spent, err := k.replica.spentElsewhere(ctx, a, g); spent {", "	if spent, err := false, error(nil); spent {", "failover",
	},
	{"guard skipped: a clock was set", "keeper/clock/guard.go", ".Abs() > most\n}", ".Abs() > 1e6*time.Hour\n}", "late:clock"},
	{
		"guard skipped: a claim that is too old", "keeper/refresh.go",
		"g.AttemptUntil.Sub(k.Now()) < f.Deadline() ||", "g.AttemptUntil.Sub(k.Now()) < -1e6*time.Hour ||", "freeze:claim",
	},
}

// mostSeeds is how many seeds may pass before a mutant counts as unnoticed.
const mostSeeds = 40

var livedThrough = regexp.MustCompile(`(\d+) seeds, (\d+) grant-days, (\d+) turns`)

// TestMutantsAreCaught holds that every planted fault still fits the code; with GRANTKEEP_SOAK=1 it builds each and
// demands that the soak catches it.
func TestMutantsAreCaught(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			path, err := filepath.Abs(filepath.Join("..", m.file))
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(text), m.sound); n != 1 {
				t.Fatalf("what it changes stands %d times in %s", n, m.file)
			}
			if os.Getenv("GRANTKEEP_SOAK") == "1" {
				catch(t, path, strings.Replace(string(text), m.sound, m.mutant, 1), m.provoke)
			}
		})
	}
}

// catch builds the tests of this room with one file replaced, and lives through seeds until one is broken. A step that provokes
// what is planted comes again and again in them.
func catch(t *testing.T, path, text, provoke string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: write("mutant.go", text)}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 35*time.Minute)
	defer cancel()
	binary := filepath.Join(dir, "promise.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, "-overlay", write("overlay.json", string(overlay)), ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := exec.CommandContext(ctx, binary, "-test.run", "TestSoak$", "-test.v", "-test.failfast")
	run.Env = append(os.Environ(), "GRANTKEEP_SOAK=1", "GRANTKEEP_SOAK_FOR=30m", "GRANTKEEP_SEED=1", "GRANTKEEP_DENSE=1", "GRANTKEEP_PROVOKE="+provoke, fmt.Sprintf("GRANTKEEP_SEEDS=%d", mostSeeds))
	out, err := run.CombinedOutput()
	lived := livedThrough.FindSubmatch(out)
	if err == nil || lived == nil {
		t.Fatalf("nobody noticed: %v, %s", err, lived)
	}
	broken := regexp.MustCompile(`seed (\d+): (.*)`).FindSubmatch(out)
	if broken == nil {
		t.Fatalf("it failed without a broken seed: %s", out)
	}
	seed, err := strconv.ParseUint(string(broken[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	do, what, _ := strings.Cut(provoke, ":")
	if sound := live(t, draw(seed, stepsOfASeed).dense().provoked(do, what), nil); len(sound.broken) > 0 {
		t.Errorf("seed %d is broken without what was planted too: %s", seed, sound.broken)
	}
	t.Logf("caught after %s seeds, %s grant-days and %s turns: %s", lived[1], lived[2], lived[3], broken[2])
}
