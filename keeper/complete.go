package keeper

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// clockSlack is how far a platform's clock may be from ours when its moment of consent is compared with our click.
const clockSlack = 2 * time.Minute

// complete turns the sealed answer of a click into grants: who it is, what it reaches, whether the platform confirms
// it; then all grants of the authorization in one transaction. It may run again after a crash at any line: until that
// transaction the click stays issued.
func (k *Keeper) complete(ctx context.Context, click string) error {
	c, err := k.store.Click(ctx, click)
	if err != nil || c.Stage != gk.Issued {
		return err
	}
	app, d, open, err := k.appOf(ctx, c.App)
	if err != nil {
		return err
	}
	ans, err := k.openAnswer(c)
	if err != nil {
		return err
	}
	issues := make([]platform.Issue, 0, len(ans.Issues))
	for _, i := range ans.Issues {
		issue, err := k.identify(ctx, d, open, c, i.issue(), ans.Confirm)
		if err != nil {
			return k.unidentified(ctx, c, ans, err)
		}
		issues = append(issues, issue)
	}
	subjects := make([]gk.Subject, 0, len(issues))
	ids := make(map[gk.Subject]string, len(issues))
	now := k.Now()
	for _, i := range issues {
		subjects = append(subjects, i.Subject)
		ids[gk.Subject{Kind: i.Subject.Kind, ID: i.Subject.ID}] = gk.NewID("grt", now)
	}
	if err := k.awaitAttempts(ctx, app.ID, subjects); err != nil {
		return err
	}
	p := placement{keeper: k, app: app, driver: d, issues: issues, ids: ids, askedAt: ans.AskedAt, now: k.Now()}
	if err := k.store.PutGrants(ctx, app.ID, c.Authorization, c.ID, subjects, p.now, p.put); err != nil {
		return err
	}
	for _, id := range p.touched {
		k.tokens.drop(id)
	}
	k.Wake()
	k.subscribe(ctx, app.ID, p.touched)
	return nil
}

var errUnconfirmed = errors.New("keeper: the platform does not confirm the callback")

// identifyWithin is how long the platform is asked, once a minute, who authorized.
const identifyWithin = 24 * time.Hour

// unidentified decides about a click of which the platform did not tell who it is. What it says for good ends the click.
// Everything else is tried again and shown meanwhile: the answer holds a pair that the platform will not give twice. A
// click whose answer holds none waits for nothing but an overload to pass.
func (k *Keeper) unidentified(ctx context.Context, c gk.Click, ans answer, err error) error {
	f := faultOf(err)
	passes := f == nil || f.Action == gk.Retry || f.Action == gk.Backoff
	switch {
	case errors.Is(err, errUnconfirmed):
		return k.failClick(ctx, c.ID, gk.Issued, gk.ReasonUnconfirmed, nil)
	case f != nil && f.Terminal, ans.Confirm && !passes:
		return k.failClick(ctx, c.ID, gk.Issued, gk.ReasonRefused, f)
	case k.Now().Sub(c.SpentAt) > identifyWithin:
		return k.failClick(ctx, c.ID, gk.Issued, gk.ReasonUnconfirmed, f)
	}
	return errors.Join(err, k.store.UpdateClick(ctx, c.ID, k.Now(), func(c *gk.Click, a *gk.Authorization) ([]gk.Event, error) {
		if c.Stage != gk.Issued {
			return nil, store.ErrUnchanged
		}
		c.Fault = f // the write also puts it behind the other clicks that wait
		if a.Stage != gk.Done {
			a.Fault = f
		}
		return nil, nil
	}))
}

// identify completes one issue by asking the platform about it: who it is where the answer does not say, whether it is
// real where the callback proved nothing, and what it reaches. What is only nice to know may fail.
func (k *Keeper) identify(ctx context.Context, d platform.Driver, open platform.App, c gk.Click, i platform.Issue, confirm bool) (platform.Issue, error) {
	ins, ok := d.(platform.Inspector)
	must := i.Subject.Kind == "" || confirm
	if !ok || i.Shared && !must {
		if must {
			return i, fmt.Errorf("%s: nobody can be asked who authorized", open.Spec().Code)
		}
		return i, nil
	}
	in, err := k.inspect(ctx, ins, open, platform.Credential{Subject: i.Subject, Token: i.Token, Shops: i.Shops, Scopes: i.Scopes, Facts: i.Facts})
	switch {
	case err != nil && must:
		return i, err
	case err != nil:
		k.log.Info("a new grant could not be inspected", "platform", open.Spec().Code, "error", err)
		return i, nil
	case confirm && (in.Alive == nil || !*in.Alive || !in.AuthorizedAt.After(c.CreatedAt.Add(-clockSlack))):
		return i, errUnconfirmed
	case in.Alive != nil && !*in.Alive && must:
		if in.Fault != nil {
			return i, in.Fault
		}
		return i, errUnconfirmed
	}
	return learn(i, in), nil
}

// learn adds what an inspection told to an issue; what the answer itself said stays.
func learn(i platform.Issue, in platform.Inspection) platform.Issue {
	if i.Subject.Kind == "" {
		i.Subject = in.Subject
	}
	if i.Subject.Same(in.Subject) {
		if i.Subject.Name == "" {
			i.Subject.Name = in.Subject.Name
		}
		if i.Subject.Region == "" {
			i.Subject.Region = in.Subject.Region
		}
		if i.Subject.Host == "" {
			i.Subject.Host = in.Subject.Host
		}
		if i.Subject.Parent == "" {
			i.Subject.Parent = in.Subject.Parent
		}
	}
	if len(in.Shops) > 0 {
		i.Shops = in.Shops
	}
	if i.Ceiling.IsZero() {
		i.Ceiling = in.Ceiling
	}
	if len(i.Scopes) == 0 {
		i.Scopes = in.Scopes
	}
	facts := maps.Clone(in.Facts)
	if facts == nil {
		facts = map[string]string{}
	}
	maps.Copy(facts, i.Facts)
	i.Facts = facts
	return i
}

// longestInspection is how many pages an inspection may have.
const longestInspection = 50

// inspect asks the platform about a credential, page by page.
func (k *Keeper) inspect(ctx context.Context, ins platform.Inspector, open platform.App, cred platform.Credential) (platform.Inspection, error) {
	var all platform.Inspection
	page := ""
	for range longestInspection {
		req, err := ins.InspectRequest(open, cred, page)
		if err != nil {
			return all, err
		}
		reply, err := k.ask(ctx, open, req, false, 30*time.Second)
		if err != nil {
			return all, err
		}
		in, next, err := ins.ReadInspection(open, cred, reply)
		if err != nil {
			return all, err
		}
		all = merge(all, in)
		if page = next; page == "" || all.Alive != nil && !*all.Alive {
			return all, nil
		}
	}
	return all, fmt.Errorf("%s: an inspection has more than %d pages", open.Spec().Code, longestInspection)
}

func merge(a, b platform.Inspection) platform.Inspection {
	if a.Subject.Kind == "" {
		a.Subject = b.Subject
	}
	if b.Alive != nil {
		a.Alive, a.Fault = b.Alive, b.Fault
	}
	a.Shops = append(a.Shops, b.Shops...)
	if a.Ceiling.IsZero() {
		a.Ceiling = b.Ceiling
	}
	if a.AuthorizedAt.IsZero() {
		a.AuthorizedAt = b.AuthorizedAt
	}
	if len(b.Scopes) > 0 {
		a.Scopes = b.Scopes
	}
	if a.Facts == nil {
		a.Facts = map[string]string{}
	}
	maps.Copy(a.Facts, b.Facts)
	return a
}

// awaitAttempts waits for renewals under way on these subjects' grants: a consent may kill the pair that a renewal is
// about to bring, so the renewal's answer must be stored first and the consent's on top. It waits at most a minute of
// product time; the generations settle what comes later.
func (k *Keeper) awaitAttempts(ctx context.Context, app string, subjects []gk.Subject) error {
	for range 240 {
		busy := false
		for _, s := range subjects {
			g, err := k.store.GrantOf(ctx, gk.Engine(), app, s.Kind, s.ID)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			busy = busy || g.Attempting(k.Now())
		}
		if !busy {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
	return nil
}

// placement decides which grants an authorization makes or replaces. put may run again.
type placement struct {
	keeper  *Keeper
	app     gk.App
	driver  platform.Driver
	issues  []platform.Issue
	ids     map[gk.Subject]string
	askedAt time.Time
	now     time.Time

	touched []string
}

func (p *placement) put(existing []gk.Grant, a *gk.Authorization, c *gk.Click) ([]gk.Grant, []gk.Event, error) {
	if c.Stage != gk.Issued {
		return nil, nil, store.ErrUnchanged // another process was first, and the pair may have been renewed since
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
		if old != nil && old.AuthorizedAt.After(p.askedAt) {
			grants = append(grants, *old) // a later consent has brought its pair already, which may have been renewed since
			continue
		}
		g, evs, err := p.grant(a, c, i, old, asked)
		if err != nil {
			return nil, nil, err
		}
		if old != nil && old.Owner != "" && a.Owner != "" && old.Owner != a.Owner {
			conflict = true
		}
		grants, events = append(grants, g), append(events, evs...)
	}
	for i := range grants {
		p.touched = append(p.touched, grants[i].ID)
	}
	c.Stage, c.Reason, c.Fault, c.Answer, c.AnswerKey = gk.Done, "", nil, nil, 0
	switch {
	case !wanted:
		c.Stage, c.Reason = gk.Failed, gk.ReasonOtherSubject
	case conflict:
		c.Stage, c.Reason = gk.Failed, gk.ReasonOwnerConflict
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
		return grants, events, nil
	default:
		a.Stage, a.Reason, a.Fault, a.Grants = gk.Failed, c.Reason, nil, nil
		kind, data = gk.EventAuthorizationFailed, map[string]any{"reason": a.Reason}
	}
	events = append(events, gk.Event{
		ID: gk.NewID("evt", p.now), Kind: kind, Actor: "merchant", App: p.app.ID, Authorization: a.ID, Owner: a.Owner, At: p.now, Data: data,
	})
	return grants, events, nil
}

// expected reports whether an issue is for the subject that the link was made for.
func (p *placement) expected(a *gk.Authorization, i platform.Issue, old *gk.Grant) bool {
	if a.Grant != "" {
		return old != nil && old.ID == a.Grant
	}
	if a.Shop == "" {
		return true
	}
	if p.driver.Spec().Facts.ShopNeeded {
		return strings.EqualFold(i.Subject.Host, a.Shop)
	}
	return i.Subject.ID == a.Shop || i.Subject.Parent == a.Shop ||
		slices.ContainsFunc(i.Shops, func(s gk.Shop) bool { return s.ID == a.Shop })
}

// grant makes the grant of one issue, or puts its pair onto the one that stands.
func (p *placement) grant(a *gk.Authorization, c *gk.Click, i platform.Issue, old *gk.Grant, asked bool) (gk.Grant, []gk.Event, error) {
	k := p.keeper
	kind := gk.EventGrantAuthorized
	var g gk.Grant
	if old != nil {
		g = *old
	} else {
		kind = gk.EventGrantCreated
		g = gk.Grant{ID: p.ids[gk.Subject{Kind: i.Subject.Kind, ID: i.Subject.ID}], App: p.app.ID, CreatedAt: p.now, State: gk.Active}
		if asked {
			g.Owner = a.Owner
		}
	}
	fewer := old != nil && lacks(i.Scopes, old.Scopes)
	ours := asked && (old == nil || old.Owner == "" || old.Owner == a.Owner)
	hold := (c.Held || a.Confirm) && asked && a.Owner != "" && (old == nil || old.Owner != a.Owner)
	switch {
	case old == nil && (c.Held || a.Confirm) && asked:
		g.State, kind = gk.Held, gk.EventGrantHeld
	case old != nil && old.State == gk.Revoked && c.Held:
		g.State, kind = gk.Held, gk.EventGrantHeld // what was ended is not revived by whoever forwarded a link
	case old != nil && old.State == gk.Held && (c.Held || a.Confirm):
	case old != nil && old.State == gk.Held && !ours:
	default:
		g.State = gk.Active
	}
	if ours && !hold && old != nil && old.Owner == "" && a.Owner != "" {
		g.Owner = a.Owner // a fresh consent through this owner's link, in the browser that began it
	}
	keepParent := g.Subject.Parent
	g.Subject = merged(g.Subject, i.Subject)
	if g.Subject.Parent == "" {
		g.Subject.Parent = keepParent
	}
	g.Shops = i.Shops
	if len(g.Shops) == 0 && i.Subject.Kind == gk.KindShop {
		g.Shops = []gk.Shop{{ID: i.Subject.ID, Name: g.Subject.Name, Host: g.Subject.Host, Region: g.Subject.Region}}
	}
	if len(i.Scopes) > 0 {
		g.Scopes = i.Scopes
	}
	facts := maps.Clone(g.Facts)
	if facts == nil {
		facts = map[string]string{}
	}
	maps.Copy(facts, i.Facts)
	delete(facts, "missing_scopes")
	if missing := p.missing(a, i); missing != "" {
		facts["missing_scopes"] = missing
	}
	facts[factSeen] = p.now.Format(time.RFC3339)
	delete(facts, factShared)
	if i.Shared {
		facts[factShared] = "true" // due at once: the first renewal gives each subject its own pair
	}
	g.Facts = facts

	g.Generation++
	sealed, err := k.sealPair(g.ID, g.Generation, i.Token)
	if err != nil {
		return g, nil, err
	}
	g.Access, g.Refresh, g.KeyID = sealed.access, sealed.refresh, sealed.key()
	g.Expires, g.RefreshExpires, g.Windows, g.Ceiling = i.Token.Expires, i.Token.RefreshExpires, i.Token.Windows, i.Ceiling
	g.AuthorizedAt, g.PairFrom, g.PairSpent, g.PairAskedAt = p.askedAt, c.ID, -1, p.askedAt
	g.Renewable = k.renewable(p.driver, p.app, &g, i.Final)
	g.Fault, g.Failures, g.RetryAt, g.Doubts, g.DoubtSince, g.Warned = nil, 0, time.Time{}, 0, time.Time{}, 0
	g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = "", "", time.Time{}, time.Time{}
	countCall(&g, k.renewalOf(p.driver, p.app), p.askedAt)
	g.DueAt = k.plan(p.driver, p.app, &g, p.now)
	g.UpdatedAt = p.now

	data := map[string]any{"generation": g.Generation}
	if m := facts["missing_scopes"]; m != "" {
		data["missing_scopes"] = m
	}
	if fewer {
		data["fewer_scopes"] = true
	}
	return g, []gk.Event{{
		ID: gk.NewID("evt", p.now), Kind: kind, Actor: "merchant", App: p.app.ID, Grant: g.ID, Authorization: a.ID, Owner: g.Owner,
		GrantVersion: g.Version + 1, At: p.now, Data: data,
	}}, nil
}

// missing lists the scopes that were wanted and not granted, where the platform says what it granted.
func (p *placement) missing(a *gk.Authorization, i platform.Issue) string {
	if len(i.Scopes) == 0 {
		return ""
	}
	want := a.Scopes
	if len(want) == 0 {
		want = platform.App{Settings: p.app.Settings}.Scopes()
	}
	return strings.Join(slices.DeleteFunc(slices.Clone(want), func(s string) bool { return slices.Contains(i.Scopes, s) }), " ")
}

// lacks reports whether have misses one of before.
func lacks(have, before []string) bool {
	return len(have) > 0 && slices.ContainsFunc(before, func(s string) bool { return !slices.Contains(have, s) })
}

// merged keeps a subject's identity and takes the attributes that are told.
func merged(old, told gk.Subject) gk.Subject {
	if old.Kind == "" {
		return told
	}
	if told.Host != "" {
		old.Host = told.Host
	}
	if told.Name != "" {
		old.Name = told.Name
	}
	if told.Region != "" {
		old.Region = told.Region
	}
	if told.Parent != "" {
		old.Parent = told.Parent
	}
	return old
}

// factSeen is the fact that tells when the platform last confirmed a grant.
const factSeen = "seen_at"

// pair is a token pair, sealed for one grant and generation.
type pair struct{ access, refresh gk.Sealed }

// key is the id of the key that sealed the pair; 0 for an empty one.
func (p pair) key() int64 {
	for _, s := range []gk.Sealed{p.access, p.refresh} {
		if len(s) > 0 {
			return vault.KeyOf(s)
		}
	}
	return 0
}

func (k *Keeper) sealPair(grant string, generation int64, t gk.Token) (pair, error) {
	var p pair
	var err error
	if !t.Access.Empty() {
		if p.access, err = k.vault.SealSecret(tokenPlace(grant, "access", generation), t.Access); err != nil {
			return pair{}, err
		}
	}
	if !t.Refresh.Empty() {
		if p.refresh, err = k.vault.SealSecret(tokenPlace(grant, "refresh", generation), t.Refresh); err != nil {
			return pair{}, err
		}
	}
	return p, nil
}

func tokenPlace(grant, field string, generation int64) vault.Place {
	return vault.Place{Table: "grants", Row: grant, Field: field, Generation: generation}
}

// renewable reports whether a grant can be renewed without the merchant.
func (k *Keeper) renewable(d platform.Driver, app gk.App, g *gk.Grant, final bool) bool {
	if _, ok := d.(platform.Renewer); !ok || final {
		return false
	}
	switch k.renewalOf(d, app).Style {
	case platform.NoRenewal:
		return false
	case platform.Reask:
		return true
	}
	return len(g.Refresh) > 0
}

// renewalOf returns the renewal facts of an app.
func (k *Keeper) renewalOf(d platform.Driver, app gk.App) platform.Renewal {
	return d.Spec().Facts.Renew(app.Profile, app.Stage)
}
