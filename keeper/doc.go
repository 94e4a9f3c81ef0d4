// Package keeper is the life of a grant. Read its files in this order:
//
//	run.go        the loop: a list of duties, each with its interval
//	claims        what falls due is claimed
//	turn.go       what is done for one claimed grant
//	gate.go       the one way of all refreshes of an app to its platform; appfault.go, restored.go: what closes it
//	token.go      a token is read, and refreshed first where it must be
//	asked.go      a refresh that a reader, a person or a push asks for
//	refresh.go    claim, ask; an answer that never arrived
//	save.go       store, and what that says of the app; what becomes of a grant is decided in package lifecycle
//	safe.go       where the pair goes: into the database; spill.go: where it waits while that is away, as no other pair does
//	failover.go   what is offered again to a database that has lost its last commits
//	end.go        how a grant ends
//	rewrite.go    what a person, a consent or an import makes of a grant
//	clicks.go     what the engine does about clicks, and the answers it keeps for them
//	democlock.go  what the demo's clock needs
//
// What stands alone has a room below: cache (what is known of grants, and how it follows the database), gates (who may
// refresh at once, and who waits), claims (what falls due is claimed, in lots), saver (pairs that come together share a
// commit), spill (the file, and what was committed lately), clock (whether machine and database agree about the time),
// seal and keyset (ciphertexts and the keys that seal), rounds (what apps do in time) and takeover (what dead processes
// had begun).
//
// A duty is a type that has the few things it uses, so that it can be read alone: safe, failover, stops (what stands on an
// app's row), putBack (a database from a backup), reader. Keeper has what they share and what others call.
//
// A refresh spends its refresh token, and on most platforms a token can be spent once. So everything turns on one
// sequence, the same for the scheduler, a reader and a person:
//
//	claim ──────► ask ──────────────► store ─────────► tell
//	UpdateGrant   one request,        SaveRefresh      events, in the
//	or ClaimDue   hard end            or UpdateGrant   same transaction
//
//	died before the claim's commit      nothing happened
//	died between claim and ask          the lease ends, the grant is in doubt though nothing was sent: a delay
//	died, or no answer, after the ask   the lease ends, in doubt: the facts say what is safe (lifecycle/doubt.go)
//	database away at the store          the pair waits in the spill file; nothing more is claimed until it is stored
//	died after the store's commit       the next process reads the new pair; a replayed store changes nothing
//
// The claim is a lease: the request's hard end plus 30 s (60 s where the facts call a repeat safe, 300 s where they do
// not), never refreshed. A pair is matched to the generation it was bought with, not to the claim: a slow buyer's pair is
// stored as long as the grant is still at the generation that was spent, whoever holds the claim by then.
package keeper
