package promise_test

import (
	"math/rand/v2"
	"slices"
	"time"
)

// step is one thing that happens. Its numbers are drawn with the plan and read modulo what there is.
type step struct {
	Do   string
	N    int
	What string
	For  time.Duration
}

// plan is the life of an installation: what happens in it, on which platforms. Seed orders what it leaves open.
type plan struct {
	Seed      uint64
	Platforms []string
	Late      time.Duration // how late what is due is done while the clock jumps
	Steps     []step

	postgres string // the URL of an empty database; empty: SQLite
}

// everyPlatform lists what can be simulated.
var everyPlatform = []string{
	"shoplazza", "shopee", "shopeev1", "eleme", "taobao", "shopify", "tiktokshop", "lazada", "douyin",
}

// hasty are the platforms whose tokens last hours: a week of theirs is as much work as a year of the others.
var hasty = []string{"shopee", "shopify"}

var platformFaults = []string{"cut-before", "cut-after", "slow", "garbage", "status-503", "status-502", "status-403", "status-429"}

var storeFaults = []string{"fail", "lose", "late", "hang", "full"}

// ofTowns is which seeds are towns, in which many merchants live for long: one of so many.
const ofTowns = 10

// often says of so many steps how many are of a kind.
var often = []struct {
	do    string
	times int
}{
	{"connect", 8}, {"platform", 14}, {"database", 12}, {"kill", 9}, {"freeze", 3}, {"restart", 4}, {"clock", 3}, {"revoke", 3},
	{"refresh", 4}, {"leave in between", 3}, {"consent in between", 4}, {"push", 4}, {"app", 3}, {"keys", 2}, {"crowd", 5},
	{"sleep", 4}, {"jump", 15}, {"driver", 3}, {"backup", 2}, {"put back", 2}, {"clone", 1}, {"failover", 4}, {"stop", 2}, {"operator", 3}, {"late", 5},
}

// ofAll is how many steps often speaks of.
var ofAll = func() (n int) {
	for _, o := range often {
		n += o.times
	}
	return n
}()

// onPostgres is a plan without what takes copies of files.
func (p plan) onPostgres(url string) plan {
	p.postgres = url
	p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s step) bool {
		return slices.Contains([]string{"failover", "backup", "put back", "clone"}, s.Do)
	})
	return p
}

// dense is a plan in which time passes in days: the same faults in fewer grant-days, for finding what is planted.
func (p plan) dense() plan {
	p.Late = 0
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Do == "jump" || s.Do == "clone" {
			s.For = min(s.For, 72*time.Hour)
		}
	}
	return p
}

// provoked is a plan with one more step after every fourth: what a fault that is planted takes to show.
func (p plan) provoked(do, what string) plan {
	if do == "" {
		return p
	}
	r := rand.New(rand.NewPCG(p.Seed, 2))
	var steps []step
	for i, s := range p.Steps {
		if i > 14 && i%4 == 0 {
			steps = append(steps, step{Do: do, What: what, N: r.IntN(1 << 20), For: time.Second})
		}
		steps = append(steps, s)
	}
	p.Steps = steps
	return p
}

// draw makes a plan from a seed alone.
func draw(seed uint64, steps int) plan {
	r := rand.New(rand.NewPCG(seed, 0))
	p := plan{Seed: seed}
	among, town := everyPlatform, seed%ofTowns == 0
	if town {
		among = slices.DeleteFunc(slices.Clone(everyPlatform), func(code string) bool { return slices.Contains(hasty, code) })
	}
	for _, i := range r.Perm(len(among))[:4] {
		p.Platforms = append(p.Platforms, among[i])
	}
	longest := 40 * 24
	if slices.ContainsFunc(p.Platforms, func(code string) bool { return slices.Contains(hasty, code) }) {
		longest = 3 * 24
	} else {
		p.Late = []time.Duration{0, 20 * time.Minute, 3 * time.Hour, 6 * time.Hour}[r.IntN(4)]
	}
	for i := range 14 { // each another shop of its platform, most of them with one shop alone
		p.Steps = append(p.Steps, step{Do: "connect", N: (60*r.IntN(1<<10)+i/len(p.Platforms))<<4 | i})
	}
	for i := range p.Platforms {
		if town {
			p.Steps = append(p.Steps, step{Do: "arrive", N: i})
		}
	}
	for range steps {
		s := step{N: r.IntN(1 << 20)}
		at := r.IntN(ofAll)
		for _, o := range often {
			if at -= o.times; at < 0 {
				s.Do = o.do
				break
			}
		}
		switch s.Do {
		case "platform":
			s.What = platformFaults[r.IntN(len(platformFaults))]
		case "database":
			s.What, s.For = storeFaults[r.IntN(len(storeFaults))], time.Duration(1+r.IntN(40))*time.Second
		case "freeze":
			s.For, s.What = time.Duration(1+r.IntN(400))*time.Second, []string{"", "save", "claim"}[s.N/128%3]
		case "clock":
			s.For = time.Duration(r.IntN(8000)-4000) * time.Millisecond
			if r.IntN(3) == 0 {
				s.For *= 40_000 // up to two days
			}
		case "clone":
			s.For = time.Duration(1+r.IntN(longest/2)) * time.Hour
		case "sleep", "crowd", "stop":
			s.For = time.Duration(1+r.IntN(40)) * time.Second
		case "jump":
			s.For = time.Duration(1+r.IntN(longest)) * time.Hour
		}
		p.Steps = append(p.Steps, s)
	}
	p.Steps = append(p.Steps, step{Do: "calm"})
	return p
}
