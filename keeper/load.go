package keeper

import "maps"

// Load is how busy the apps of a platform are in this process.
type Load struct {
	Level   int // refreshes that may be under way at once, over all its apps
	Busy    int // that are
	Waiting int // that wait for a place
}

// Loads tells how busy each platform's apps are of which a refresh was wanted since this process began.
func (k *Keeper) Loads() map[string]Load {
	s := &k.gates
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]Load{}
	for app, g := range s.apps {
		l := all[g.platform]
		l.Level += max(s.free(app, g), 0) + g.busy
		l.Busy += g.busy
		l.Waiting += len(g.queue)
		all[g.platform] = l
	}
	return all
}

// What is counted beside the outcomes of refreshes.
const (
	Claims    = "claims"     // of grants that were due
	OverQuota = "over_quota" // refreshes that wait since the platform's limit of a grant is used up
)

// Counts counts claims and what waits for a quota since this process began.
func (k *Keeper) Counts() map[Counted]int64 {
	k.counts.mu.Lock()
	defer k.counts.mu.Unlock()
	return maps.Clone(k.counts.n)
}
