package entry

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/console/session"
	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/store"
)

// loginView is the page that asks who somebody is.
type loginView struct {
	frame.Page
	Name, Next, Mistake string // Mistake is the id of a text
	Wait                string
	Again               bool   // somebody who is logged in shows once more who they are
	Provider            string // what the identity provider is called; empty: there is none
	OnlyProvider        bool   // no password opens this account
}

// ProviderURL is where the way to the identity provider begins.
func (v loginView) ProviderURL() string {
	query := url.Values{}
	if v.Next != "" {
		query.Set("next", v.Next)
	}
	if v.Again {
		query.Set("again", "1")
	}
	if len(query) == 0 {
		return "/login/provider"
	}
	return "/login/provider?" + query.Encode()
}

// loginPage asks for name and password; of somebody who is logged in, for the password once more.
func (c *pages) loginPage(v *desk.Visit) error {
	query := v.R.URL.Query()
	view := loginView{Page: v.Page, Next: c.Next(query.Get("next")), Provider: c.providerName()}
	if i := slices.IndexFunc(problems, func(p problem) bool { return p.name == query.Get("problem") }); i >= 0 {
		view.Mistake = "login.provider." + problems[i].name
		if v.Session != nil {
			view.Again, view.Name, view.OnlyProvider = true, v.Person.Name, v.Person.Subject != ""
			return v.Show(http.StatusOK, login(view))
		}
	}
	if v.Session != nil {
		if query.Get("again") == "" {
			v.SeeOther("/")
			return nil
		}
		view.Again, view.Name, view.OnlyProvider = true, v.Person.Name, v.Person.Subject != ""
	}
	return v.Show(http.StatusOK, login(view))
}

// login checks a password. Who does not exist, has no password or gave a wrong one is answered alike, and as slowly.
func (c *pages) login(v *desk.Visit) error {
	if err := v.R.ParseForm(); err != nil {
		return err
	}
	view := loginView{Page: v.Page, Name: v.R.PostFormValue("name"), Next: c.Next(v.R.PostFormValue("next")), Again: v.Session != nil, Provider: c.providerName()}
	if v.Session != nil {
		view.Name, view.OnlyProvider = v.Person.Name, v.Person.Subject != ""
	}
	name, _ := people.Name(view.Name)
	names := []string{"account " + name, "address " + session.AddressOf(v.R)}
	if wait := c.Throttle.Wait(names...); wait > 0 {
		seconds := int(wait/time.Second) + 1
		v.W.Header().Set("Retry-After", strconv.Itoa(seconds))
		view.Mistake, view.Wait = "login.wait", strconv.Itoa(seconds)
		c.Log.Warn("console", "act", "login throttled", "name", name, "address", session.AddressOf(v.R))
		return v.Show(http.StatusTooManyRequests, login(view))
	}
	ctx := v.R.Context()
	person, err := c.Store.PersonByName(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	password := v.R.PostFormValue("password")
	if len(password) > 4*people.Longest {
		password = ""
	}
	right, err := c.Hashing.Verify(ctx, person.Password, password)
	if err != nil {
		return err
	}
	if right {
		right, err = c.secondStep(ctx, person, v.R.PostFormValue("code"))
		if err != nil {
			return err
		}
	}
	if !right {
		c.Log.Warn("console", "act", "login refused", "name", name, "address", session.AddressOf(v.R))
		if person.ID != "" {
			if err := v.RecordFor("user.login", store.AuditEntry{Actor: person.ID, Status: http.StatusUnauthorized}); err != nil {
				return err
			}
		}
		view.Mistake = "login.wrong"
		return v.Show(http.StatusUnauthorized, login(view))
	}
	c.Throttle.Forgive(names...)
	if err := v.RecordFor("user.login", store.AuditEntry{Actor: person.ID}); err != nil {
		return err
	}
	if err := c.Begin(v.W, v.R, person.ID, c.Now(), session.Life); err != nil {
		return err
	}
	if view.Next != "" {
		v.Leave(view.Next)
		return nil
	}
	v.SeeOther("/")
	return nil
}

// invited logs in whoever brings a login link.
func (c *pages) invited(v *desk.Visit) error {
	address := "address " + session.AddressOf(v.R)
	if !c.Endless {
		if wait := c.Throttle.Wait(address); wait > 0 {
			v.W.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
			return v.Show(http.StatusTooManyRequests, login(loginView{Page: v.Page, Mistake: "login.wait", Wait: strconv.Itoa(int(wait/time.Second) + 1)}))
		}
	}
	ctx := v.R.Context()
	invitation, err := c.Store.SpendInvitation(ctx, people.Digest(v.R.PathValue("secret")), c.Now())
	if errors.Is(err, store.ErrNotFound) {
		return v.Show(http.StatusNotFound, login(loginView{Page: v.Page, Mistake: "login.link"}))
	}
	if err != nil {
		return err
	}
	c.Throttle.Forgive(address)
	if err := v.RecordFor("user.login", store.AuditEntry{Actor: invitation.Person, Object: "link"}); err != nil {
		return err
	}
	if err := c.Begin(v.W, v.R, invitation.Person, c.Now(), session.Life); err != nil {
		return err
	}
	person, err := c.Store.Person(ctx, invitation.Person)
	if err != nil {
		return err
	}
	if person.Password == "" && !invitation.Many {
		v.SeeOther("/settings?done=setpassword#password")
		return nil
	}
	v.SeeOther("/")
	return nil
}

// logout ends this login.
func (c *pages) logout(v *desk.Visit) error {
	if err := c.Store.EndLogin(v.R.Context(), v.Session.Hash); err != nil {
		return err
	}
	c.SetCookie(v.W, "", -1)
	v.Leave("/login")
	return nil
}
