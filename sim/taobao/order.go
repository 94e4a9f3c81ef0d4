package taobao

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// order is a seller's subscription of an app in the marketplace.
type order struct {
	id         int64
	start, end time.Time
	// steps are what was paid for, oldest first.
	steps []step
}

// step is one payment: of a new order or of a renewal.
type step struct {
	id         int64
	kind       int // biz_type: 1 new, 2 renewal
	paid       time.Time
	start, end time.Time
}

// Kinds of payment.
const (
	bought       = 1
	renewedOrder = 2
)

// orderEnd returns when a seller's order of an app ends, zero if there never was one.
func orderEnd(seller *sim.Shop, app *sim.App) time.Time {
	o := dataOf(seller).orders[app.ID]
	if o == nil {
		return time.Time{}
	}
	return o.end
}

// ordered reports whether a seller has a valid order of an app.
func (s *simulator) ordered(seller *sim.Shop, app *sim.App) bool {
	return s.kit.Now().Before(orderEnd(seller, app))
}

// firstOrder gives a seller an order of an app that is ordered at all, as if it had stood there all along.
func (s *simulator) firstOrder(app *sim.App, seller *sim.Shop) {
	if !orderBound(app) || seller.Parent != "" || dataOf(seller).orders[app.ID] != nil {
		return
	}
	s.pay(app, seller, s.kit.Now().Add(s.options.orderLife()))
}

// pay opens an order that ends at a moment, or lengthens the one that runs. The grants go with it: a running one ends
// when the order does, while one that has ended stays so.
func (s *simulator) pay(app *sim.App, seller *sim.Shop, end time.Time) step {
	now := s.kit.Now()
	data := dataOf(seller)
	o := data.orders[app.ID]
	paid := step{id: s.nextID(), kind: bought, paid: now, start: now, end: end}
	switch {
	case o != nil && now.Before(o.end):
		paid.kind, paid.start = renewedOrder, o.end
	case o == nil:
		o = &order{id: s.nextID()}
		data.orders[app.ID] = o
		fallthrough
	default:
		o.start = now
	}
	o.end, o.steps = end, append(o.steps, paid)
	s.showOrder(seller, app, end)
	for key, g := range s.grants {
		main, _, _ := strings.Cut(key.account, ":")
		if key.app == app.ID && main == seller.ID && now.Before(g.ends) && orderBound(app) {
			g.ends = end
		}
	}
	return paid
}

// showOrder keeps the order's end where the ready line and the control call show it.
func (s *simulator) showOrder(seller *sim.Shop, app *sim.App, end time.Time) {
	if seller.Facts == nil {
		seller.Facts = sim.Settings{}
	}
	seller.Facts["order_end:"+app.ID] = end.UTC().Format(time.RFC3339)
}

// open pays for an order and tells the app so.
func (s *simulator) open(app *sim.App, seller *sim.Shop, end time.Time) {
	paid := s.pay(app, seller, end)
	s.tellOrder(app, seller, "OrderCreated", paid)
	s.tellOrder(app, seller, "OrderPaid", paid)
	s.tellService(app, seller)
}

// close ends an order before its time: every token that hangs on it dies.
func (s *simulator) close(app *sim.App, seller *sim.Shop) {
	o := dataOf(seller).orders[app.ID]
	if o == nil || !s.ordered(seller, app) {
		return
	}
	o.end = s.kit.Now()
	s.showOrder(seller, app, o.end)
	if orderBound(app) {
		s.endGrants(app, seller)
	}
	s.tellOrder(app, seller, "OrderClosed", o.steps[len(o.steps)-1])
}

// changeOrders does what the control call asks for: open and renew run on from the order's end, or from this moment
// where there is none.
func (s *simulator) changeOrders(seller *sim.Shop, want sim.Settings) error {
	does, until := want.Text("order"), want.Text("order_end")
	if does == "" && until == "" {
		return nil
	}
	apps := s.kit.Apps.All()
	if want.Text("app") != "" {
		app := s.kit.Apps.Find(want.Text("app"))
		if app == nil {
			return fmt.Errorf("app %q: no such app", want.Text("app"))
		}
		apps = []*sim.App{app}
	}
	end, err := parseMoment(until)
	if err != nil {
		return err
	}
	for _, app := range apps {
		if !orderBound(app) {
			continue
		}
		switch cmp.Or(does, "open") {
		case "open", "renew":
			to := end
			if until == "" {
				to = later(s.kit.Now(), orderEnd(seller, app)).Add(s.options.orderLife())
			}
			s.open(app, seller, to)
		case "close":
			s.close(app, seller)
		default:
			return fmt.Errorf("order %q: want open, renew or close", does)
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// parseMoment reads RFC 3339 text or unix seconds; an empty text is no moment.
func parseMoment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("order_end: want a moment such as 2027-01-31T00:00:00Z, or unix seconds")
	}
	return at, nil
}
