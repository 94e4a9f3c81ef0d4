package pushes

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// repeatedFor is for how long a request about privacy is known that was told and whose push could not be ticked off.
const repeatedFor = 24 * time.Hour

// tellPrivacy tells the vendor of a request about personal data: whoever holds the data must act, within the platform's
// time. It is told with the grant that it is about, ended or not, else with the app alone.
func (p *Pushes) tellPrivacy(ctx context.Context, app string, n platform.Notice) error {
	now := p.o.Keeper.Now()
	e := gk.Event{ID: gk.NewID("evt", now), Kind: gk.EventPrivacyRequested, Actor: "platform", App: app, At: now, Data: lifecycle.FaultData(n.Fault)}
	delete(e.Data, "whose_move") // that of the event's kind, whatever the platform's answer asks of us
	if r := n.Privacy; r != nil {
		e.Data["topic"] = r.Topic
		for name, id := range map[string]string{"request": r.Request, "customer": r.Customer} {
			if id != "" {
				e.Data[name] = id
			}
		}
		if len(r.Orders) > 0 {
			e.Data["orders"] = r.Orders
		}
	}
	for _, s := range n.Subjects {
		for name, value := range map[string]string{"shop": s.ID, "host": s.Host} {
			if value != "" {
				e.Data[name] = value
			}
		}
		grants, err := p.subjectOf(ctx, app, s)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if len(grants) > 0 {
			e.Grant, e.Owner = grants[0].ID, grants[0].Owner
		}
	}
	_, err := p.o.Store.TellOnce(ctx, "privacy "+app+" "+n.Dedup, now, now.Add(repeatedFor), e)
	return err
}
