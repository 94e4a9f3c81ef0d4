package promise_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/store"
)

var storeAll = store.GrantFilter{Limit: 1000}

type subject struct{ platform, id string }

// checker compares what we hold with what the platforms say. It reads the rows and the events, and knows nothing of how
// the keeper comes to them.
type checker struct {
	w          *world
	excuses    map[subject]string
	issued     map[string]subject          // every access token that a platform ever showed as the latest
	secrets    map[string]bool             // and the refresh tokens
	seen       map[string]map[string]int64 // generation, by process and grant
	everywhere map[string]int64            // the highest generation that anybody was given more than a second ago
	silent     map[string]time.Time        // since when a living grant gives no token
	gone       map[subject]bool            // whose merchant left
	broken     []string
}

func newChecker(w *world) *checker {
	return &checker{
		w: w, excuses: map[subject]string{}, issued: map[string]subject{}, secrets: map[string]bool{},
		seen: map[string]map[string]int64{}, everywhere: map[string]int64{}, silent: map[string]time.Time{}, gone: map[subject]bool{},
	}
}

func (c *checker) violate(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if !slices.Contains(c.broken, line) {
		c.broken = append(c.broken, line)
	}
}

// excuse notes that the platform leaves no way to hold a subject's authorization for sure, until the merchant authorizes
// again.
func (c *checker) excuse(of subject, cause string) { c.excuses[of] = cause }
func (c *checker) left(of subject)                 { c.gone[of] = true }

// consented takes excuses back from whom a consent has given a new pair, or may have.
func (c *checker) consented(code string) {
	for of, p := range c.truth() {
		if of.platform == code && !p.Revoked {
			delete(c.gone, of)
		}
	}
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

// truth is what the platforms say of every subject.
func (c *checker) truth() map[subject]pair {
	all := map[subject]pair{}
	for _, code := range platforms {
		var got struct{ Grants []pair }
		c.w.control(http.MethodGet, "/"+code+"/grants", nil, &got)
		for _, p := range got.Grants {
			of := subject{code, p.Subject.ID}
			all[of] = p
			c.issued[p.Access] = of
			c.secrets[p.Access] = true
			if p.Refresh != "" {
				c.secrets[p.Refresh] = true
			}
		}
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

// read reads every token on every process, and checks what a caller may rely on.
func (c *checker) read(sound bool) {
	truth := c.truth()
	for _, p := range slices.Clone(c.w.processes) {
		for _, row := range c.w.grants() {
			c.readOne(p, row, truth[subject{row.Platform, row.Subject.ID}], sound)
		}
	}
	time.Sleep(1100 * time.Millisecond)
	for _, of := range c.seen {
		for id, g := range of {
			c.everywhere[id] = max(c.everywhere[id], g)
		}
	}
}

func (c *checker) readOne(p *process, row gk.Grant, platform pair, sound bool) {
	wait := 300 * time.Millisecond
	c.w.sum.reads++
	s, err := p.keeper.Token(context.Background(), gk.Engine(), row.ID, keeper.TokenWant{Wait: &wait})
	now := c.w.now()
	of := subject{row.Platform, row.Subject.ID}
	if err != nil {
		if sound && row.Usable(now) && !c.gone[of] {
			c.violate("a usable token of %s was withheld: %v", of.platform, err)
		}
		if !platform.Revoked && c.excuses[of] == "" {
			if c.silent[row.ID].IsZero() {
				c.silent[row.ID] = now
			}
			c.w.sum.unusable = max(c.w.sum.unusable, now.Sub(c.silent[row.ID]))
		}
		return
	}
	delete(c.silent, row.ID)
	if !s.Grant.Expires.IsZero() && !s.Grant.Expires.After(now.Add(-time.Second)) {
		c.violate("a token of %s was served %s after its end", of.platform, now.Sub(s.Grant.Expires))
	}
	if owner, known := c.issued[s.Access.Reveal()]; known && owner != of {
		c.violate("a caller of one %s grant was given the token of another", of.platform)
	}
	key := p.spill // names the process, not only its instance
	if c.seen[key] == nil {
		c.seen[key] = map[string]int64{}
	}
	if s.Grant.Generation < c.seen[key][row.ID] {
		c.violate("one process served generation %d of a %s grant after %d", s.Grant.Generation, of.platform, c.seen[key][row.ID])
	}
	if sound && s.Grant.Generation < c.everywhere[row.ID] {
		c.violate("generation %d of a %s grant was served a second after %d was", s.Grant.Generation, of.platform, c.everywhere[row.ID])
	}
	c.seen[key][row.ID] = max(c.seen[key][row.ID], s.Grant.Generation)
}

// everything is looked at when all is calm.
func (c *checker) everything() {
	truth := c.truth()
	ours := map[subject]gk.Grant{}
	for _, g := range c.w.grants() {
		ours[subject{g.Platform, g.Subject.ID}] = g
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
		if p.Generation > 1 {
			c.violate("a living authorization of %s is unknown to us", of.platform)
		}
		return
	}
	renews := p.Refresh != "" && (p.RefreshEnds.IsZero() || p.RefreshEnds.After(now))
	if !renews && p.ExpiresAt.Before(now) {
		return // nothing is left of it at the platform either
	}
	held := g.State == gk.Active && (g.Renewable || !renews)
	cause := c.excuses[of]
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

// servesTruth reports whether we serve the token that the platform says is the latest.
func (c *checker) servesTruth(g gk.Grant, p pair) bool {
	s, err := c.w.processes[0].keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{})
	return err == nil && s.Access.Reveal() == p.Access
}

// history checks that the events of a grant tell what became of it, in an order that can have happened.
func (c *checker) history(g gk.Grant) {
	events, err := c.w.store.History(context.Background(), gk.Engine(), g.ID, "", 1000)
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

// calls looks for spent refresh tokens that were sent again without an unknown outcome before them.
func (c *checker) calls() {
	for _, code := range platforms {
		var got struct {
			Calls []struct{ Stage, Subject, Decision, Why string }
		}
		c.w.control(http.MethodGet, "/"+code+"/calls", nil, &got)
		for _, call := range got.Calls {
			of := subject{code, call.Subject}
			spent := strings.Contains(call.Why, "spent") || strings.Contains(call.Why, "replaced")
			if call.Stage == "refresh" && call.Decision == "refused" && spent && c.excuses[of] == "" {
				c.violate("a spent refresh token of %s was sent again: %s", code, call.Why)
			}
		}
	}
}

// inClear searches the log and every file of the installation for tokens.
func (c *checker) inClear() {
	files, err := filepath.Glob(filepath.Join(c.w.dir, "*"))
	c.w.must(err)
	places := map[string][]byte{"the log": c.w.log.bytes()}
	for _, f := range files {
		b, err := os.ReadFile(f)
		c.w.must(err)
		places["a file "+strings.SplitN(filepath.Base(f), "-", 2)[0]] = b
	}
	for secret := range c.secrets {
		for place, text := range places {
			if len(secret) >= 8 && bytes.Contains(text, []byte(secret)) {
				c.violate("a token stands in clear in %s", place)
			}
		}
	}
}
