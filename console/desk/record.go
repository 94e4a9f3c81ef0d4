package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/grantkeep/grantkeep/console/session"
	"github.com/grantkeep/grantkeep/store"
)

// recordPatience bounds how long an act waits until it is written down.
const recordPatience = 5 * time.Second

// Record writes into the audit and the log what the person is about to do; about says to what. What cannot be written down
// is not done: the caller returns the error and leaves the act.
func (v *Visit) Record(action string, about store.AuditEntry) error {
	about.Actor = v.Person.ID
	return v.RecordFor(action, about)
}

// RecordFor is Record where nobody is logged in yet: about names the actor.
func (v *Visit) RecordFor(action string, about store.AuditEntry) error {
	about.Action, about.At, about.Count, about.Address = action, v.desk.Keeper.Now(), 1, session.AddressOf(v.R)
	v.desk.Log.InfoContext(v.Ctx(), "console", "act", action, "person", about.Actor, "name", v.Person.Name, "address", about.Address, "app", about.App,
		"grant", about.Grant, "object", about.Object, "status", about.Status)
	ctx, cancel := context.WithTimeout(v.Ctx(), recordPatience)
	defer cancel()
	if err := v.desk.Store.Record(ctx, about); err != nil {
		return fmt.Errorf("console: %s is not done, since it cannot be written down: %w", action, err)
	}
	return nil
}
