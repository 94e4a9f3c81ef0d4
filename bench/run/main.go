// Command run builds the product and measures it: make bench.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/bench"
)

func main() {
	bench.Role()
	o := bench.Options{}
	databases := flag.String("databases", "sqlite,postgres", "which to measure: sqlite, postgres, or both")
	flag.StringVar(&o.Database, "postgres", "", "URL of an empty PostgreSQL that runs; without it one is started")
	flag.IntVar(&o.Grants, "grants", 20_000, "grants that fall due at one moment; 0 leaves refreshes out")
	flag.DurationVar(&o.Margin, "margin", 3*time.Second, "for their import, beside half a millisecond for each")
	flag.DurationVar(&o.Latency, "latency", 100*time.Millisecond, "of the platform in the second case of refreshes")
	flag.IntVar(&o.Reads, "reads", 40_000, "token reads of a turn; 0 leaves them out")
	flag.IntVar(&o.Turns, "turns", 5, "how often reads and their floor take turns")
	flag.IntVar(&o.Relayed, "relayed", 4_000, "signed and forwarded calls of a turn; 0 leaves them out")
	flag.IntVar(&o.Rows, "rows", 100_000, "rows of the import; 0 leaves import and export out")
	flag.IntVar(&o.Stored, "stored", 0, "grants to import, and to be there while lists, searches, the start and the rest are measured; 0 leaves that out")
	flag.IntVar(&o.Deliveries, "deliveries", 30_000, "events for webhooks, a thousand a second; 0 leaves them out")
	flag.IntVar(&o.Endpoints, "endpoints", 1000, "that the webhooks go to")
	flag.DurationVar(&o.Flow, "flow", time.Minute, "how long grants are refreshed at an even pace; 0 leaves that out")
	flag.IntVar(&o.Pace, "pace", 215, "refreshes a second of it: those of 100,000 grants each with 6, 60 and 120 a day")
	flag.IntVar(&o.Commits, "commits", 20_000, "single-row commits of the raw loop")
	flag.IntVar(&o.RawRound, "raw", 20_000, "refreshes asked of the platform alone")
	flag.DurationVar(&o.Idle, "idle", 10*time.Second, "how long the process rests before its memory is looked at; 0 leaves that out")
	binary := flag.String("binary", "", "a grantkeep that is built already")
	flag.StringVar(&o.Profiles, "profiles", "", "a directory for what the processes spend their time on, of a build that tells it")
	only := flag.String("only", "", "which cases to measure, such as stored or flow,reads; empty: all that are not left out")
	flag.Parse()
	if err := leaveOut(&o, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	o.SQLite, o.PostgreSQL = *databases != "postgres", *databases != "sqlite"
	if err := run(o, *binary); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// leaveOut leaves out all cases but those that are named.
func leaveOut(o *bench.Options, only string) error {
	if only == "" {
		return nil
	}
	cases := map[string]func(){
		"idle": func() { o.Idle = 0 }, "reads": func() { o.Reads = 0 }, "relayed": func() { o.Relayed = 0 }, "grants": func() { o.Grants = 0 },
		"flow": func() { o.Flow = 0 }, "rows": func() { o.Rows = 0 }, "stored": func() { o.Stored = 0 }, "deliveries": func() { o.Deliveries = 0 },
	}
	for name := range strings.SplitSeq(only, ",") {
		if cases[name] == nil {
			return fmt.Errorf("-only %s: the cases are %s", name, strings.Join(slices.Sorted(maps.Keys(cases)), ", "))
		}
		delete(cases, name)
	}
	for _, leave := range cases {
		leave()
	}
	return nil
}

func run(o bench.Options, binary string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if o.Dir, err = os.MkdirTemp("", "grantkeep-bench"); err != nil {
		return err
	}
	defer func() {
		if err == nil {
			err = os.RemoveAll(o.Dir)
		} else {
			err = fmt.Errorf("%w; the logs are in %s", err, o.Dir)
		}
	}()
	if binary == "" {
		if binary, err = bench.Build(ctx, o); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	o.Server, o.Self = []string{binary}, []string{self}
	return errors.Join(err, bench.Run(ctx, o, os.Stdout))
}
