// Package consent is the merchant's yes: how a person's click on a platform's page becomes grants. Read its files in this
// order:
//
//	flow.go       what the room is made of
//	link.go       a link is made and opened
//	click.go      its button is pressed
//	callback.go   the merchant comes back (refused.go: what leads nowhere; budget.go: what strangers can make us ask)
//	exchange.go   the code is traded, once; the sealed answer is the first thing committed (answer.go: what is sealed)
//	complete.go   who agreed, to what
//	yield.go      no refresh comes between a consent and its pair
//	placement.go  which grants are made or replaced, all in one transaction
//	resume.go     what a crash left half done
//	stranded.go   an answer that no grant was made of, placed by an operator
//	cancel.go     the merchant said no, on the platform's own page
//	confirm.go    the vendor's login vouches for whoever completed it
//	obtain.go     grants that nobody has to click for (recover.go: by a code of the platform's console)
//	notice.go     who waits in this process hears of an end at once
package consent
