// Package notify is news out: events to the vendor's webhooks, alarms to the vendor's people.
//
// A follower reads published events by their position and stores a delivery for each outlet that wants one; deliveries are
// claimed outlet by outlet, sent, and settled. Nothing here stands between a grant and its refresh: what is read is
// committed, the connections are those of a gate of its own, and what goes wrong with one outlet is its own affair.
// What was on its way when a process died is claimed again, so an event may come twice, under the same id.
//
// Read kinds.go for what an event means, event.go for its form, spread.go for who gets it, deliver.go for how.
package notify
