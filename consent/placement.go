package consent

import (
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// placement decides which grants an authorization makes or replaces. put may run again.
type placement struct {
	keeper.Placement

	issues []platform.Issue
	late   bool // refreshes under way have been waited for long enough

	touched []string
}

// put decides on the locked rows which grants are made or replaced.
func (p *placement) put(existing []gk.Grant, a *gk.Authorization, c *gk.Click) ([]gk.Grant, []gk.Event, error) {
	if c.Stage != gk.Issued {
		return nil, nil, store.ErrUnchanged // another process was first, and the pair may have been refreshed since
	}
	if !p.late && slices.ContainsFunc(existing, func(g gk.Grant) bool { return g.Attempting(p.Now) }) {
		return nil, nil, errAttempt
	}
	p.touched = nil
	var grants []gk.Grant
	var events []gk.Event
	wanted, conflict := false, false
	for _, i := range p.issues {
		at := slices.IndexFunc(existing, func(g gk.Grant) bool { return g.Subject.Same(i.Subject) })
		var old *gk.Grant
		if at >= 0 {
			old = &existing[at]
		}
		asked := p.expected(a, i, old)
		wanted = wanted || asked
		if old != nil && old.AuthorizedAt.After(p.AskedAt) {
			grants = append(grants, *old) // a later consent has brought its pair already, which may have been refreshed since
			continue
		}
		g, evs, err := p.Grant(a, c, i, old, asked)
		if err != nil {
			return nil, nil, err
		}
		conflict = conflict || p.conflicts(a, c, old)
		grants, events = append(grants, g), append(events, evs...)
	}
	for i := range grants {
		p.touched = append(p.touched, grants[i].ID)
	}
	reason := ""
	switch {
	case !wanted:
		reason = gk.ReasonOtherSubject
		if len(p.issues) > 0 {
			c.Hint = p.issues[0].Subject
		}
	case conflict:
		reason = gk.ReasonOwnerConflict
	}
	return grants, append(events, p.finish(a, c, reason)...), nil
}

// finish writes onto click and authorization how the attempt ended, and tells it; a reason says that it failed.
func (p *placement) finish(a *gk.Authorization, c *gk.Click, reason string) []gk.Event {
	c.Stage, c.Reason, c.Fault, c.Answer, c.AnswerKey = gk.Done, reason, nil, nil, 0
	if reason != "" {
		c.Stage = gk.Failed
	}
	kind, data := gk.EventAuthorizationCompleted, map[string]any{"grants": p.touched}
	switch {
	case c.Stage == gk.Done:
		if a.Stage != gk.Done {
			a.Grants = nil
		}
		for _, id := range p.touched {
			if !slices.Contains(a.Grants, id) {
				a.Grants = append(a.Grants, id)
			}
		}
		a.Stage, a.Reason, a.Fault = gk.Done, "", nil
	case a.Stage == gk.Done: // by an earlier click, and that is final
		return nil
	default:
		a.Stage, a.Reason, a.Fault, a.Grants = gk.Failed, c.Reason, nil, nil
		kind, data = gk.EventAuthorizationFailed, map[string]any{"reason": a.Reason}
	}
	return []gk.Event{{
		ID: gk.NewID("evt", p.Now), Kind: kind, Actor: "merchant", App: p.App.ID, Authorization: a.ID, Owner: a.Owner, At: p.Now, Data: data,
	}}
}

// expected reports whether an issue is for the subject that the link was made for.
func (p *placement) expected(a *gk.Authorization, i platform.Issue, old *gk.Grant) bool {
	if a.Grant != "" {
		return old != nil && old.ID == a.Grant
	}
	if a.Shop == "" {
		return true
	}
	if p.Driver.Spec().Facts.ShopNeeded {
		return strings.EqualFold(i.Subject.Host, a.Shop)
	}
	return i.Subject.ID == a.Shop || i.Subject.Parent == a.Shop ||
		slices.ContainsFunc(i.Shops, func(s gk.Shop) bool { return s.ID == a.Shop })
}

// conflicts reports whether a consent for one owner met the grant of another one. A mere claim never stands in the way
// of a consent through a bound link, nor of one that waits for its code.
func (p *placement) conflicts(a *gk.Authorization, c *gk.Click, old *gk.Grant) bool {
	if old == nil || old.Owner == "" || a.Owner == "" || old.Owner == a.Owner {
		return false
	}
	return !lifecycle.Unproven(old) || c.Held
}
