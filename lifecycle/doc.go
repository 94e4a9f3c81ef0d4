// Package lifecycle is the rules of a grant: what becomes of it when it is claimed, when a pair comes, when the platform
// refuses or does not answer, when an end passes, and when it is looked at next. A rule gets the grant, the facts, what
// happened and the moment; it changes the grant it is given and returns the events that tell of it. It asks nobody,
// has no clock and stores nothing: the same arguments always give the same grant and the same events. Maps and slices
// behind a grant are replaced, never written into. Events have no id; the store that keeps them gives them one.
//
// Whoever calls a rule decides whether it still applies: the engine does so on the locked row.
package lifecycle
