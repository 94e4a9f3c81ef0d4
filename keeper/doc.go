// Package keeper is the life of a grant. Read its files in this order:
//
//	gate.go       the one way of all renewals of an app to its platform; stop.go, appfault.go, broken.go, restored.go: what closes it
//	token.go      a token is read, and renewed first where it must be (cache.go, follow.go: what is known of it; flight.go: who waits)
//	refresh.go    claim, ask
//	save.go       store (saver.go: pairs that come together share a commit)
//	rules.go      what becomes of a grant is decided in package lifecycle, one file per rule
//	doubt.go      an answer that never arrived
//	spill.go      where a pair waits while the database is away (spillfile.go: the file)
//	failover.go   what is offered again to a database that has lost its last commits
//	run.go        the loop that claims what falls due
//	turn.go       what is done for one claimed grant
//	end.go        how a grant ends
//	place.go      what a consent or an import makes of a grant (rewrite.go: what a person does)
//	clicks.go     what the engine has done about clicks (answer.go: the answers it keeps for them)
//	keyring.go    the keys that seal change while the process runs
//
// A renewal spends its refresh token, and on most platforms a token can be spent once. So everything turns on one
// sequence, the same for the scheduler, a reader and a person:
//
//	claim ──────► ask ──────────────► store ─────────► tell
//	UpdateGrant   one request,        SaveRenewal      events, in the
//	or ClaimDue   hard end            or UpdateGrant   same transaction
//
//	died before the claim's commit      nothing happened
//	died between claim and ask          the lease ends, the grant is in doubt though nothing was sent: a delay
//	died, or no answer, after the ask   the lease ends, in doubt: the facts say what is safe (lifecycle/doubt.go)
//	database away at the store          the pair waits in the spill file; nothing more is claimed until it is stored
//	died after the store's commit       the next process reads the new pair; a replayed store changes nothing
//
// The claim is a lease: the request's hard end plus 30 s (60 s where the facts call a repeat safe, 300 s where they do
// not), never renewed. A pair is matched to the generation it was bought with, not to the claim: a slow buyer's pair is
// stored as long as the grant is still at the generation that was spent, whoever holds the claim by then.
package keeper
