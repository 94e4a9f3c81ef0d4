package promise_test

import (
	"testing"
	"time"
)

// kept are plans that broke the promise once, shrunk to what it took.
var kept = map[string]plan{
	// A firewall's plain words were read as a refusal that only the merchant can mend.
	"a bare 403 at the token address": {Seed: 19, Platforms: []string{"shopify", "shoplazza", "tiktokshop", "eleme"}, Steps: []step{
		{Do: "connect", N: 295298}, {Do: "connect", N: 511811}, {Do: "connect", N: 372596}, {Do: "connect", N: 636085},
		{Do: "platform", N: 455590, What: "garbage"}, {Do: "consent in between", N: 220275},
		{Do: "platform", N: 328643, What: "status-403"}, {Do: "jump", For: 30 * time.Hour}, {Do: "calm"},
	}},
	// The repeat of a lost answer was planned for a part of a millisecond too early, and its turn planned it again.
	"a repeat due within a millisecond": {Seed: 1, Platforms: []string{"shopee"}, Steps: []step{
		{Do: "connect"}, {Do: "platform", What: "cut-before"}, {Do: "jump", For: 20 * time.Hour}, {Do: "calm"},
	}},
}

// TestWhatBrokeOnce lives through what broke the promise once.
func TestWhatBrokeOnce(t *testing.T) {
	for name, p := range kept {
		t.Run(name, func(t *testing.T) {
			r := live(t, p, nil)
			for _, line := range r.broken {
				t.Error(line)
			}
			if t.Failed() {
				t.Log("\n" + r.story)
			}
		})
	}
}
