package shopee

import (
	"slices"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

const (
	lostLife     = 3 * day       // how long a lost push can be fetched
	mostLost     = 100           // how many one call returns
	statWindow   = 6 * time.Hour // over which deliveries are judged
	statLeast    = 600           // deliveries that make a judgement
	warnBelow    = 0.7           // share of successes
	suspendBelow = 0.3
)

// sender is an app's subscription to pushes.
type sender struct {
	app       *sim.App
	off       map[int]bool    // topics that the app does not want
	blocked   map[string]bool // shops that it does not want to hear of
	outcomes  []outcome
	suspended bool
	lost      []lostPush
	lastID    int64
}

type outcome struct {
	at time.Time
	ok bool
}

type lostPush struct {
	id      int64
	at      time.Time
	code    int
	subject string
	text    []byte
}

func (s *simulator) sender(app *sim.App) *sender {
	if s.senders[app.ID] == nil {
		s.senders[app.ID] = &sender{app: app, off: map[int]bool{}, blocked: map[string]bool{}}
	}
	return s.senders[app.ID]
}

func (p *sender) wants(code int, subject string) bool {
	return p.app.Text("push_url") != "" && !p.suspended && !p.off[code] && !p.blocked[subject]
}

// note judges the subscription by the deliveries of the last hours: too many failures end it.
func (p *sender) note(now time.Time, ok bool) {
	p.outcomes = append(p.outcomes, outcome{now, ok})
	p.outcomes = slices.DeleteFunc(p.outcomes, func(o outcome) bool { return now.Sub(o.at) > statWindow })
	if len(p.outcomes) > statLeast && p.share() < suspendBelow {
		p.suspended = true
	}
}

func (p *sender) share() float64 {
	good := 0
	for _, o := range p.outcomes {
		if o.ok {
			good++
		}
	}
	return float64(good) / float64(len(p.outcomes))
}

func (p *sender) status() string {
	switch {
	case p.suspended:
		return "Suspended"
	case len(p.outcomes) > statLeast && p.share() < warnBelow:
		return "Warning"
	}
	return "Normal"
}

func (p *sender) lose(now time.Time, code int, subject string, text []byte) {
	p.lastID++
	p.lost = append(p.lost, lostPush{p.lastID, now, code, subject, text})
}
