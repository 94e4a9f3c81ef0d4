//go:build !race

package e2e

// watched is whether the race detector watches this process.
const watched = false
