package promise_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
)

// register is what was read of one grant, in the order of time: generations that only rise.
type register struct {
	mu    sync.Mutex
	seen  map[string]int64 // the highest that a read of a process brought, by instance
	rises []rise           // the highest that any read brought
}

type rise struct {
	at         time.Time // when that read ended
	generation int64
}

// begun returns below what a read that begins now may not fall: what its process has served before, and what anybody had
// a second ago.
func (r *register) begun(instance string) (mine, everybody int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, up := range r.rises {
		if time.Since(up.at) > time.Second {
			everybody = up.generation
		}
	}
	return r.seen[instance], everybody
}

func (r *register) ended(instance string, generation int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[instance] = max(r.seen[instance], generation)
	if n := len(r.rises); n == 0 || r.rises[n-1].generation < generation {
		r.rises = append(r.rises, rise{time.Now(), generation})
	}
}

func (c *checker) register(grant string) *register {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.registers[grant] == nil {
		c.registers[grant] = &register{seen: map[string]int64{}}
	}
	return c.registers[grant]
}

// forgetReads forgets what was read of a database in whose place there is another.
func (c *checker) forgetReads() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.registers = map[string]*register{}
}

// readOne reads the token of a grant on one process, and checks what a caller may rely on.
func (c *checker) readOne(p *process, row gk.Grant, platform pair, want keeper.TokenWant) {
	of := subject{row.Platform, row.Subject.ID}
	r := c.register(row.ID)
	sound := c.w.isSound()
	mine, everybody := r.begun(p.instance)
	s, err := p.keeper.Token(context.Background(), gk.Engine(), row.ID, want)
	if p.dead.Load() {
		return // nobody got an answer
	}
	now, slip := c.w.now(), time.Duration(p.slip.Load()).Abs()
	c.mu.Lock()
	c.w.sum.reads++
	c.mu.Unlock()
	if err != nil {
		if !errors.Is(err, apps.ErrStopped) || !c.w.isStopped(of.platform) {
			c.refusedTo(row, of, platform, sound && slip == 0, err)
		}
		return
	}
	c.mu.Lock()
	delete(c.silent, row.ID)
	owners := c.issued[s.Access.Reveal()]
	c.mu.Unlock()
	if !s.Grant.Expires.IsZero() && now.Sub(s.Grant.Expires) > slip+time.Second {
		c.violate("a token of %s was served after its end", of.platform)
	}
	// A main account's consent gives one pair for all its shops, until each has been refreshed.
	shared := of.platform == "shopee" && s.Grant.Generation == 1
	if len(owners) > 0 && !slices.Contains(owners, of) && !shared {
		c.violate("a caller of one %s grant was given the token of another", of.platform)
	}
	if c.w.wasReplaced() {
		return // what was read last may have been lost, and be there again in a moment
	}
	if s.Grant.Generation < mine {
		c.violate("one process served an older generation of a %s grant than before", of.platform)
	}
	if sound && c.w.isSound() && s.Grant.Generation < everybody {
		c.violate("a generation of a %s grant was served a second after a later one was", of.platform)
	}
	r.ended(p.instance, s.Grant.Generation)
}

// refusedTo looks at an error that a reader got.
func (c *checker) refusedTo(row gk.Grant, of subject, platform pair, sound bool, err error) {
	now := c.w.now()
	c.mu.Lock()
	gone, excused := c.gone[of], c.excuses[of] != ""
	if platform.refreshes(now) && !excused && !c.w.broken[of.platform] {
		if c.silent[row.ID].IsZero() {
			c.silent[row.ID] = now
		}
		c.w.sum.unusable = max(c.w.sum.unusable, now.Sub(c.silent[row.ID]))
	}
	c.mu.Unlock()
	after, lost := c.w.store().Grant(context.Background(), gk.Engine(), row.ID) // the platform may have said meanwhile that the token is dead
	c.w.must(lost)
	if sound && row.Usable(now) && after.Usable(now) && !gone {
		c.violate("a usable token of %s was withheld: %v", of.platform, err)
	}
}

// read reads every token on every process.
func (c *checker) read() {
	truth := c.truth()
	wait := 300 * time.Millisecond
	for _, p := range c.w.living() {
		for _, row := range c.w.grants() {
			c.readOne(p, row, truth[subject{row.Platform, row.Subject.ID}], keeper.TokenWant{Wait: &wait})
		}
	}
}

// crowd reads on every process at once for a while, while the grants are refreshed on one of them.
func (w *world) crowd(s step) {
	w.sum.fault("crowd")
	truth, rows := w.check.truth(), w.grants()
	end := time.Now().Add(s.For / 4)
	var readers sync.WaitGroup
	for i, p := range w.living() {
		for j, row := range rows {
			r := rand.New(rand.NewPCG(uint64(s.N), uint64(i*1000+j)))
			readers.Go(func() {
				for time.Now().Before(end) {
					wait := time.Duration(r.IntN(3000)) * time.Millisecond
					want := keeper.TokenWant{Wait: &wait}
					if r.IntN(4) == 0 {
						want.NotGeneration = row.Generation // the platform is said to have refused it
					}
					w.check.readOne(p, row, truth[subject{row.Platform, row.Subject.ID}], want)
					time.Sleep(time.Duration(1+r.IntN(1500)) * time.Millisecond)
				}
			})
		}
	}
	time.Sleep(s.For / 8)
	w.refreshAll(w.living()[0], s.N)
	readers.Wait()
}
