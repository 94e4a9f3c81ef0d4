package entry

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/provider"
	"github.com/grantkeep/grantkeep/console/session"
	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/store"
)

// providerName is what the pages call the identity provider; empty: there is none.
func (c *pages) providerName() string {
	if c.Provider == nil {
		return ""
	}
	return c.Provider.Name()
}

// wayLife is how long somebody may take at the identity provider, in seconds.
const wayLife = 10 * 60

// toProvider sends a browser to the identity provider. Nothing changes here; the browser gets the secret of its way.
func (c *pages) toProvider(v *desk.Visit) error {
	if c.Provider == nil {
		return store.ErrNotFound
	}
	query := v.R.URL.Query()
	address, way, err := c.Provider.Begin(v.Ctx(), c.Next(query.Get("next")), v.Session != nil && query.Get("again") != "")
	if err != nil {
		return c.notIn(v, provider.Who{}, err)
	}
	c.SetWay(v.W, way, wayLife)
	v.Leave(address)
	return nil
}

// fromProvider logs in whoever the identity provider knows and a group of whom has a role. Each outcome is answered by 303,
// so that no code stays in the address bar.
func (c *pages) fromProvider(v *desk.Visit) error {
	if c.Provider == nil {
		return store.ErrNotFound
	}
	address := "provider " + session.AddressOf(v.R)
	if wait := c.Throttle.Wait(address); wait > 0 {
		return c.notIn(v, provider.Who{}, errWait)
	}
	way := c.Way(v.R)
	c.SetWay(v.W, "", -1)
	who, err := c.Provider.Finish(v.Ctx(), way, v.R.URL.Query())
	if err == nil && who.Again && v.Session != nil && v.Person.Subject != who.Subject {
		err = errOther
	}
	if err != nil {
		return c.notIn(v, who, err)
	}
	person, err := c.admit(v, who)
	if err != nil {
		return c.notIn(v, who, err)
	}
	c.Throttle.Forgive(address)
	if err := v.RecordFor("user.login", store.AuditEntry{Actor: person.ID, Object: "provider"}); err != nil {
		return err
	}
	if err := c.Begin(v.W, v.R, person.ID, who.ProvedAt, session.ProviderLife); err != nil {
		return err
	}
	if next := c.Next(who.Next); next != "" {
		v.Leave(next)
		return nil
	}
	v.SeeOther("/")
	return nil
}

// Why somebody whom the provider knows is not let in.
var (
	errWait  = errors.New("entry: too many tries")
	errOther = errors.New("entry: somebody else came back than was asked to show who they are")
)

// problem is what may go wrong on the way to the provider and back; name stands in the address of the log-in.
type problem struct {
	name string
	err  error
}

var problems = []problem{
	{"away", provider.ErrAway}, {"stale", provider.ErrStale}, {"refused", provider.ErrRefused}, {"answer", provider.ErrAnswer}, {"role", provider.ErrNoRole},
	{"old", provider.ErrOld}, {"other", errOther}, {"last", store.ErrInUse}, {"wait", errWait},
}

// notIn shows the log-in again, with why. Who has lost every role is logged out wherever they are.
func (c *pages) notIn(v *desk.Visit, who provider.Who, why error) error {
	i := slices.IndexFunc(problems, func(p problem) bool { return errors.Is(why, p.err) })
	if i < 0 {
		return why
	}
	c.Log.Warn("console", "act", "login refused", "by", "identity provider", "why", why, "address", session.AddressOf(v.R))
	if errors.Is(why, provider.ErrNoRole) {
		if known, err := c.knownAs(v, who.Subject); err == nil {
			if err := v.RecordFor("user.login", store.AuditEntry{Actor: known.ID, Object: "provider", Status: http.StatusForbidden}); err != nil {
				return err
			}
			if err := c.Store.EndLogins(v.Ctx(), known.ID, nil); err != nil {
				return err
			}
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	back := url.Values{"problem": {problems[i].name}}
	if who.Next != "" {
		back.Set("next", who.Next)
	}
	v.Leave("/login?" + back.Encode())
	return nil
}

// knownAs finds a person by how the provider knows them.
func (c *pages) knownAs(v *desk.Visit, subject string) (store.Person, error) {
	everybody, err := c.Store.People(v.Ctx())
	if err != nil {
		return store.Person{}, err
	}
	if i := slices.IndexFunc(everybody, func(p store.Person) bool { return p.Subject == subject }); i >= 0 {
		return everybody[i], nil
	}
	return store.Person{}, store.ErrNotFound
}

// admit finds the person whom the provider knows, or makes one, with the role of their groups as they are today.
func (c *pages) admit(v *desk.Visit, who provider.Who) (store.Person, error) {
	person, err := c.knownAs(v, who.Subject)
	if errors.Is(err, store.ErrNotFound) {
		if err := v.RecordFor("user.create", store.AuditEntry{Actor: "provider"}); err != nil {
			return person, err
		}
		// A name that somebody else has, perhaps with a password here, is never taken for theirs.
		person, err = people.AddKnown(v.Ctx(), c.Store, who.Name, who.Subject, who.Role, c.Now())
		if errors.Is(err, store.ErrExists) {
			person, err = people.AddKnown(v.Ctx(), c.Store, who.Name+"."+who.Mark, who.Subject, who.Role, c.Now())
		}
		if errors.Is(err, store.ErrExists) { // they logged in twice at once
			person, err = c.knownAs(v, who.Subject)
		}
	}
	if err != nil || person.Role == who.Role {
		return person, err
	}
	if err := v.RecordFor("user.role", store.AuditEntry{Actor: "provider", Object: person.ID}); err != nil {
		return person, err
	}
	err = c.Store.UpdatePerson(v.Ctx(), person.ID, c.Now(), func(p *store.Person) error { p.Role = who.Role; return nil })
	return person, err
}
