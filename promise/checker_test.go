package promise_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/sim"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

var storeAll = store.GrantFilter{Limit: 1000}

type subject struct{ platform, id string }

// checker compares what we hold with what the platforms say. It reads the rows and the events, and knows nothing of how
// the keeper comes to them.
type checker struct {
	w         *world
	mu        sync.Mutex
	armed     map[subject]armed
	excuses   map[subject]string
	times     map[subject][]span   // when there was an excuse
	issued    map[string][]subject // every access token that a platform ever showed as the latest; some are of several
	secrets   map[string]bool      // and the refresh tokens
	registers map[string]*register
	silent    map[string]time.Time // since when a living grant gives no token
	gone      map[subject]bool     // whose merchant left
	disturbed map[subject]bool     // whom a refusal may meet; without an id: everybody of a platform
	present   map[string]subject   // refresh tokens that strict platforms gave last
	sentAt    map[string]time.Time // when a refresh token left
	owners    map[string]subject   // whose a refresh token is
	broken    []string
}

func newChecker(w *world) *checker {
	return &checker{
		w: w, armed: map[subject]armed{}, excuses: map[subject]string{}, times: map[subject][]span{}, issued: map[string][]subject{}, secrets: map[string]bool{},
		registers: map[string]*register{}, silent: map[string]time.Time{}, gone: map[subject]bool{},
		disturbed: map[subject]bool{}, present: map[string]subject{}, sentAt: map[string]time.Time{},
		owners: map[string]subject{},
	}
}

func (c *checker) violate(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.broken, line) {
		c.broken = append(c.broken, line)
	}
}

// violated returns what was found so far.
func (c *checker) violated() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.broken)
}

type pair struct {
	Access, Refresh string
	Generation      int
	Revoked         bool
	ExpiresAt       time.Time `json:"expires_at"`
	RefreshEnds     time.Time `json:"refresh_token_expires_at"`
	Ends            time.Time `json:"authorization_expires_at"`
	Subject         struct{ Kind, ID string }
}

// refreshes reports whether the platform would give another pair for this one.
func (p pair) refreshes(now time.Time) bool {
	return !p.Revoked && p.Refresh != "" && (p.RefreshEnds.IsZero() || p.RefreshEnds.After(now)) && (p.Ends.IsZero() || p.Ends.After(now))
}

// truth is what the platforms say of every subject.
func (c *checker) truth() map[subject]pair {
	all := map[subject]pair{}
	for _, code := range c.w.platforms {
		var got struct{ Grants []pair }
		c.w.control(http.MethodGet, "/"+code+"/grants", nil, &got)
		c.mu.Lock()
		maps.DeleteFunc(c.present, func(_ string, of subject) bool { return of.platform == code })
		holders := map[string]int{} // a main account's token is traded by each of its shops, after each consent
		for _, p := range got.Grants {
			holders[p.Refresh]++
		}
		for _, p := range got.Grants {
			of := subject{code, p.Subject.ID}
			all[of] = p
			if !slices.Contains(c.issued[p.Access], of) {
				c.issued[p.Access] = append(c.issued[p.Access], of)
			}
			c.secrets[p.Access] = true
			if p.Refresh != "" {
				c.secrets[p.Refresh] = true
				c.owners[p.Refresh] = of
				if slices.Contains(strict, of.platform) && holders[p.Refresh] == 1 && !c.disturbed[of] && !c.disturbed[subject{platform: code}] {
					c.present[p.Refresh] = of
				}
			}
		}
		c.mu.Unlock()
	}
	return all
}

// living lists the subjects whose authorization stands at the platform, in an order that the seed alone decides.
func (c *checker) living() []subject {
	var list []subject
	for of, p := range c.truth() {
		if !p.Revoked && (p.Ends.IsZero() || p.Ends.After(c.w.now())) {
			list = append(list, of)
		}
	}
	slices.SortFunc(list, func(a, b subject) int {
		return strings.Compare(a.platform+a.id, b.platform+b.id)
	})
	return list
}

// everything is looked at when all is calm.
func (c *checker) everything() {
	truth := c.truth()
	ours := c.w.held()
	for _, g := range ours {
		c.history(g)
	}
	for _, of := range c.living() {
		c.compare(of, truth[of], ours)
	}
	c.calls()
	c.inClear()
}

// compare looks at one living authorization of a platform.
func (c *checker) compare(of subject, p pair, ours map[subject]gk.Grant) {
	now := c.w.now()
	g, known := ours[of]
	if !known {
		if cause := c.excused(of); cause != "" {
			c.w.sum.lost[cause]++
		} else if p.Generation > 1 {
			c.violate("a living authorization of %s is unknown to us", of.platform)
		}
		return
	}
	refreshes := p.refreshes(now)
	if !refreshes && p.ExpiresAt.Before(now) {
		return // nothing is left of it at the platform either
	}
	held := g.State == gk.Active && (g.Renewable || !refreshes)
	cause := c.excused(of)
	switch {
	case held && c.servesTruth(g, p):
	case cause != "":
		c.w.sum.lost[cause]++
	case !held:
		c.violate("a living authorization of %s is lost: %s, renewable %v, %v", of.platform, g.State, g.Renewable, g.Fault)
	default:
		c.violate("we hold another pair of %s than the platform's, at generation %d", of.platform, g.Generation)
	}
}

// servesTruth reports whether we hold the access token that the platform says is the latest. It opens the row by itself.
func (c *checker) servesTruth(g gk.Grant, p pair) bool {
	set, err := c.w.store().Keyset(context.Background())
	c.w.must(err)
	v, err := vault.Open(c.w.master, set.Wrapped, installation)
	c.w.must(err)
	access, err := v.OpenSecret(vault.Place{Table: "grants", Row: g.ID, Field: "access", Generation: g.Generation}, g.Access)
	if len(g.Access) > 0 && err != nil {
		c.violate("the access token of a %s grant cannot be opened", g.Platform)
	}
	return err == nil && access.Reveal() == p.Access || len(g.Access) == 0 && p.Access == ""
}

// history checks that the events of a grant tell what became of it, in an order that can have happened.
func (c *checker) history(g gk.Grant) {
	events, err := c.w.store().History(context.Background(), gk.Engine(), g.ID, "", 1000)
	c.w.must(err)
	slices.Reverse(events)
	told := map[string]int{}
	var version int64
	for i, e := range events {
		if (e.Kind == gk.EventGrantCreated) != (i == 0) {
			c.violate("event %d of a %s grant is %s", i, g.Platform, e.Kind)
		}
		if e.GrantVersion < version {
			c.violate("an event of a %s grant tells version %d after %d", g.Platform, e.GrantVersion, version)
		}
		version = e.GrantVersion
		told[e.Kind]++
	}
	owed := ""
	switch {
	case g.State == gk.Expired:
		owed = gk.EventGrantExpired
	case g.State == gk.Revoked:
		owed = gk.EventGrantRevoked
	case len(events) == 0:
		owed = gk.EventGrantCreated
	case g.State == gk.Active && !g.Renewable && g.Fault != nil:
		owed = gk.EventGrantNeedsAuthorization
	}
	if owed == "" {
		return
	}
	c.w.sum.owed++
	if told[owed] == 0 {
		c.violate("nobody was told %s of a %s grant", owed, g.Platform)
		return
	}
	c.w.sum.told++
}

type call struct {
	At                            time.Time
	Stage, Subject, Decision, Why string
}

// refreshCalls returns what the platforms were asked for refreshes.
func (c *checker) refreshCalls() map[string][]call {
	all := map[string][]call{}
	for _, code := range c.w.platforms {
		var got struct{ Calls []call }
		c.w.control(http.MethodGet, "/"+code+"/calls", nil, &got)
		all[code] = slices.DeleteFunc(got.Calls, func(one call) bool { return one.Stage != "refresh" })
	}
	return all
}

// refreshed counts them.
func (c *checker) refreshed() (n int) {
	for _, calls := range c.refreshCalls() {
		n += len(calls)
	}
	return n
}

// calls looks for spent refresh tokens that were sent again without an unknown outcome before them.
func (c *checker) calls() {
	for code, calls := range c.refreshCalls() {
		for _, call := range calls {
			spent := strings.Contains(call.Why, "spent") || strings.Contains(call.Why, "replaced")
			if call.Decision == sim.Refused && spent && !c.wasExcused(subject{code, call.Subject}, call.At) {
				c.violate("a spent refresh token of %s was sent again: %s", code, call.Why)
			}
		}
	}
}

func (c *checker) excused(of subject) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.excuses[of]
}

// inClear searches the log and every file of the installation for tokens.
func (c *checker) inClear() {
	places := map[string][]byte{"the log": c.w.log.bytes()}
	c.w.must(filepath.WalkDir(c.w.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		places["a file "+strings.SplitN(filepath.Base(path), "-", 2)[0]] = b
		return err
	}))
	for secret := range c.secrets {
		for place, text := range places {
			if len(secret) >= 8 && bytes.Contains(text, []byte(secret)) {
				c.violate("a token stands in clear in %s", place)
			}
		}
	}
}
