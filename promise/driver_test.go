package promise_test

import (
	"sync"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
)

// breakdowns says whose next refresh a driver breaks down over.
type breakdowns struct {
	mu      sync.Mutex
	request map[subject]bool // before anything is sent
	answer  map[subject]bool // after the platform acted
	met     func(of subject)
}

func (b *breakdowns) order(of subject, answer bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if answer {
		b.answer[of] = true
	} else {
		b.request[of] = true
	}
}

func (b *breakdowns) meets(list map[subject]bool, of subject) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	meets := list[of]
	delete(list, of)
	return meets
}

// plain is what every driver can do that refreshes.
type plain struct {
	platform.Driver
	platform.Refresher
	platform.Inspector
	platform.Receiver
	platform.Verifier
	platform.Prover

	b *breakdowns
}

func (p plain) RefreshRequest(app platform.App, cred platform.Credential) (*platform.Request, error) {
	if p.b.meets(p.b.request, subject{p.Spec().Code, cred.Subject.ID}) {
		panic("a driver breaks down over a request")
	}
	return p.Refresher.RefreshRequest(app, cred)
}

func (p plain) ReadIssues(app platform.App, asked platform.Asked, reply platform.Reply) ([]platform.Issue, error) {
	of := subject{p.Spec().Code, asked.Subject.ID}
	if asked.Stage == platform.StageRefresh && p.b.meets(p.b.answer, of) {
		p.b.met(of)
		panic("a driver breaks down over an answer")
	}
	return p.Driver.ReadIssues(app, asked, reply)
}

// fragile returns the drivers, each of which breaks down as it is ordered and can do what it could before.
func fragile(b *breakdowns) []platform.Driver {
	var drivers []platform.Driver
	for _, d := range all.Drivers() {
		drivers = append(drivers, fragileOf(d, b))
	}
	return drivers
}

func fragileOf(d platform.Driver, b *breakdowns) platform.Driver {
	refresher, refreshes := d.(platform.Refresher)
	if !refreshes {
		return d
	}
	inspector, _ := d.(platform.Inspector)
	receiver, _ := d.(platform.Receiver)
	verifier, _ := d.(platform.Verifier)
	prover, _ := d.(platform.Prover)
	p := plain{d, refresher, inspector, receiver, verifier, prover, b}
	puller, pulls := d.(platform.Puller)
	census, _ := d.(platform.Census)
	subscriber, subscribes := d.(platform.Subscriber)
	starter, starts := d.(platform.Starter)
	revoker, revokes := d.(platform.Revoker)
	switch {
	case census != nil && pulls:
		return struct {
			plain
			platform.Census
			platform.Puller
		}{p, census, puller}
	case subscribes && pulls:
		return struct {
			plain
			platform.Subscriber
			platform.Puller
		}{p, subscriber, puller}
	case subscribes && starts:
		return struct {
			plain
			platform.Subscriber
			platform.Starter
		}{p, subscriber, starter}
	case starts && revokes:
		return struct {
			plain
			platform.Starter
			platform.Revoker
		}{p, starter, revoker}
	case pulls:
		return struct {
			plain
			platform.Puller
		}{p, puller}
	}
	return p
}
