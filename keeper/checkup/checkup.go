// Package checkup looks how this process and its database stand, for whoever runs them.
package checkup

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/spill"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/store"
)

// What a check-up takes for a trouble.
const (
	slowDatabase = time.Second      // an answer that took longer
	lateWork     = 15 * time.Minute // the alert rules say the same
	manyInDoubt  = 20               // of one platform; the alert rules say the same
	leastDisk    = 256 << 20        // bytes that are free where the spill file is
)

// Look is what a check-up looks at.
type Look struct {
	Store     store.Store
	Apps      *apps.Registry
	Gate      *outbound.Gate
	Spill     *spill.File
	SpillFile string
	Now       func() time.Time
	Clock     func(ctx context.Context) apps.Check
	Keys      func(ctx context.Context) apps.Check
}

// All looks how this process and its database stand: what concerns all apps. Each trouble says what to do.
func (l Look) All(ctx context.Context) []apps.Check {
	database := l.checkDatabase(ctx)
	checks := []apps.Check{database}
	if database.State == apps.CheckFailed && !strings.HasPrefix(database.Detail, "answers") {
		return append(checks, l.checkDisk())
	}
	return append(checks, l.Clock(ctx), l.Keys(ctx), l.checkVersions(ctx), l.checkBacklog(ctx), l.checkOutlets(ctx), l.checkWaiting(), l.checkDisk(), l.checkEgress(ctx))
}

// checkEgress asks the echo from which address the requests of owners come that have a way of their own; an app's own
// check tells its address.
func (l Look) checkEgress(ctx context.Context) apps.Check {
	c := apps.Check{Name: "egress", State: apps.CheckManual}
	_, seen, err := l.Apps.Leaves(ctx, "", "")
	switch {
	case errors.Is(err, outbound.ErrNoEcho):
		c.Detail = "from which address platforms see requests come is not known: name an echo in a file for --egress"
		return c
	case errors.Is(err, outbound.ErrForbidden):
		c.Detail = "the echo is not asked: " + err.Error()
		return c
	case err != nil:
		c.State, c.Detail = apps.CheckFailed, "the echo could not be asked: "+err.Error()
		return c
	}
	told := []string{"platforms see requests come from " + seen.String()}
	for n, owner := range l.Gate.Owners() {
		if n == mostWays {
			told = append(told, "and more owners have ways of their own")
			break
		}
		way, seen, err := l.Apps.Leaves(ctx, "", owner)
		if err != nil {
			c.State = apps.CheckFailed
			told = append(told, fmt.Sprintf("those of %s (by %s) do not get out: %v", owner, way, err))
			continue
		}
		told = append(told, fmt.Sprintf("those of %s (by %s) from %s", owner, way, seen))
	}
	c.Detail = strings.Join(told, "; ") + "; compare with the platforms' consoles, where they have lists of addresses"
	return c
}

// mostWays is how many owners' ways a check-up asks about.
const mostWays = 20

func (l Look) checkDatabase(ctx context.Context) apps.Check {
	begun := time.Now()
	if err := l.Store.Ping(ctx); err != nil {
		return apps.Check{Name: "database", State: apps.CheckFailed, Detail: l.Store.Name() + " does not answer; bring it back, and keep every instance and its --data: token pairs may wait there"}
	}
	took := time.Since(begun)
	if took > slowDatabase {
		return apps.Check{Name: "database", State: apps.CheckFailed, Detail: fmt.Sprintf("answers after %s only; look at its load and its disk", took.Round(time.Millisecond))}
	}
	return apps.Check{Name: "database", State: apps.CheckOK, Detail: l.Store.Name() + " answers"}
}

// unanswered is the check of something that the database did not tell.
func unanswered(name string, err error) apps.Check {
	return apps.Check{Name: name, State: apps.CheckFailed, Detail: "could not be looked at: " + err.Error()}
}

// checkVersions compares the versions of the processes that work on the database.
func (l Look) checkVersions(ctx context.Context) apps.Check {
	all, err := l.Store.Processes(ctx)
	if err != nil {
		return unanswered("instances", err)
	}
	versions := map[string]int{}
	var names []string
	for _, p := range all {
		if versions[p.Version]++; versions[p.Version] == 1 {
			names = append(names, p.Version)
		}
	}
	if len(names) > 1 {
		return apps.Check{Name: "instances", State: apps.CheckFailed, Detail: fmt.Sprintf("%d instances of the versions %s work on one database; finish the upgrade, within the day", len(all), strings.Join(names, ", "))}
	}
	if len(names) == 0 {
		return apps.Check{Name: "instances", State: apps.CheckOK, Detail: "none has made itself known"}
	}
	return apps.Check{Name: "instances", State: apps.CheckOK, Detail: fmt.Sprintf("%d, version %s", len(all), names[0])}
}

// checkBacklog looks for work that is due and not done.
func (l Look) checkBacklog(ctx context.Context) apps.Check {
	all, err := l.Store.Backlogs(ctx, l.Now())
	if err != nil {
		return unanswered("backlog", err)
	}
	var late []string
	for _, b := range all {
		if age := l.Now().Sub(b.Oldest); !b.Oldest.IsZero() && age > lateWork {
			late = append(late, fmt.Sprintf("work on %s has been due for %s", b.Platform, age.Round(time.Minute)))
		}
		if b.InDoubt > manyInDoubt {
			late = append(late, fmt.Sprintf("%d grants on %s have a refresh without a known outcome", b.InDoubt, b.Platform))
		}
	}
	if len(late) > 0 {
		return apps.Check{Name: "backlog", State: apps.CheckFailed, Detail: strings.Join(late, "; ") + ": does the platform answer, is an instance at work that is not frozen, is an app stopped?"}
	}
	return apps.Check{Name: "backlog", State: apps.CheckOK, Detail: "nothing has been due for long"}
}

// checkOutlets looks for webhooks and alarms that do not arrive.
func (l Look) checkOutlets(ctx context.Context) apps.Check {
	var bad []string
	n := 0
	for _, form := range []string{store.WebhookForm, store.AlarmForm} {
		all, err := l.Store.Outlets(ctx, form)
		if err != nil {
			return unanswered("news", err)
		}
		n += len(all)
		for _, o := range all {
			switch {
			case !o.Enabled && o.Reason != "":
				bad = append(bad, form+" "+o.ID+" is switched off: "+o.Reason)
			case !o.FailingSince.IsZero():
				bad = append(bad, fmt.Sprintf("%s %s has failed since %s", form, o.ID, o.FailingSince.UTC().Format("2006-01-02 15:04Z")))
			}
		}
	}
	if len(bad) > 0 {
		return apps.Check{Name: "news", State: apps.CheckFailed, Detail: strings.Join(bad, "; ") + ": mend the receiver, then grantkeep webhook test, or replay what was missed"}
	}
	if n == 0 {
		return apps.Check{Name: "news", State: apps.CheckManual, Detail: "nobody is told when a merchant must act: grantkeep alarm add, or grantkeep webhook add"}
	}
	return apps.Check{Name: "news", State: apps.CheckOK, Detail: fmt.Sprintf("%d webhooks and alarms, none fails", n)}
}

// checkWaiting tells of pairs that the database does not have.
func (l Look) checkWaiting() apps.Check {
	waiting, aside, _ := l.Spill.Size()
	if waiting > 0 {
		return apps.Check{Name: "spill", State: apps.CheckFailed, Detail: fmt.Sprintf("%d token pairs are in the spill file of this server only, %d of them refused by the database; keep this instance and its disk", waiting, aside)}
	}
	return apps.Check{Name: "spill", State: apps.CheckOK, Detail: "no token pair waits to be stored"}
}

// checkDisk looks for room where the spill file is.
func (l Look) checkDisk() apps.Check {
	c := apps.Check{Name: "disk", State: apps.CheckFailed}
	if l.SpillFile == "" {
		c.Detail = "this server has no spill file: a token pair that cannot be stored is lost with the process"
		return c
	}
	var s syscall.Statfs_t
	dir := filepath.Dir(l.SpillFile)
	if err := syscall.Statfs(dir, &s); err != nil {
		c.Detail = "the file system of --data could not be asked: " + err.Error()
		return c
	}
	free := s.Bavail * uint64(s.Bsize)
	if free < leastDisk {
		c.Detail = fmt.Sprintf("%d MiB are free under --data; the spill file has its place already, a SQLite database and its log need more: make room", free>>20)
		return c
	}
	c.State, c.Detail = apps.CheckOK, fmt.Sprintf("%d MiB are free under --data", free>>20)
	return c
}
