package promise_test

import (
	"math/rand/v2"
	"time"
)

// step is one thing that happens. Its numbers are drawn with the plan and read modulo what there is.
type step struct {
	Do   string
	N    int
	What string
	For  time.Duration
}

// platforms are the simulated platforms of a plan: long tokens, short ones with one refresh token each, and those that
// the merchant's choice ends.
var platforms = []string{"shoplazza", "shopee", "lazada", "taobao"}

var platformFaults = []string{"cut-before", "cut-after", "slow", "garbage", "status-503", "status-502", "status-403", "status-429"}

var storeFaults = []string{"fail", "lose", "late", "hang"}

// plan draws what happens, from the seed alone.
func plan(seed uint64, steps int) []step {
	r := rand.New(rand.NewPCG(seed, 0))
	list := make([]step, 0, steps+4)
	for range 4 {
		list = append(list, step{Do: "connect", N: r.IntN(1 << 20)})
	}
	for range steps {
		s := step{N: r.IntN(1 << 20)}
		switch n := r.IntN(100); {
		case n < 8:
			s.Do = "connect"
		case n < 24:
			s.Do, s.What = "platform", platformFaults[r.IntN(len(platformFaults))]
		case n < 38:
			s.Do, s.What, s.For = "database", storeFaults[r.IntN(len(storeFaults))], time.Duration(1+r.IntN(40))*time.Second
		case n < 46:
			s.Do = "kill"
		case n < 50:
			s.Do = "restart"
		case n < 53:
			s.Do = "revoke"
		case n < 61:
			s.Do = "refresh"
		case n < 75:
			s.Do, s.For = "sleep", time.Duration(1+r.IntN(40))*time.Second
		default:
			s.Do, s.For = "jump", time.Duration(1+r.IntN(20*24))*time.Hour
		}
		list = append(list, s)
	}
	return append(list, step{Do: "calm"})
}
