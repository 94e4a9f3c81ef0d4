// Package promise tries to break the product's sentence: an authorization that a merchant gave is never lost by us, and
// nobody is surprised by one that ends.
//
// It holds tests only. A seed makes a plan; the plan is carried out in virtual time over the real keeper, consent and
// SQLite and the simulators, while faults happen at every boundary; a checker, which knows nothing of how the keeper
// works, compares with what the simulators say. docs/promise.md tells what was found and how to repeat it.
package promise
