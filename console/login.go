package console

import (
	"errors"
	"net/http"
	"net/url"
	clean "path"
	"strconv"
	"strings"
	"time"

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
	Again               bool // somebody who is logged in shows once more who they are
}

// loginPage asks for name and password; of somebody who is logged in, for the password once more.
func (c *console) loginPage(v *visit) error {
	view := loginView{Page: v.page, Next: c.next(v.r.URL.Query().Get("next"))}
	if v.session != nil {
		if v.r.URL.Query().Get("again") == "" {
			v.seeOther("/")
			return nil
		}
		view.Again, view.Name = true, v.person.Name
	}
	return v.show(http.StatusOK, login(view))
}

// next keeps a path of the console's own: anything else would be an open redirect.
func (c *console) next(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Host != "" || u.Scheme != "" || u.Path != c.o.Base && !strings.HasPrefix(u.Path, c.o.Base+"/") || u.Path != clean.Clean(u.Path) || strings.Contains(path, `\`) {
		return ""
	}
	return path
}

// login checks a password. Who does not exist, has no password or gave a wrong one is answered alike, and as slowly.
func (c *console) login(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return err
	}
	view := loginView{Page: v.page, Name: v.r.PostFormValue("name"), Next: c.next(v.r.PostFormValue("next")), Again: v.session != nil}
	if v.session != nil {
		view.Name = v.person.Name
	}
	name, _ := people.Name(view.Name)
	names := []string{"account " + name, "address " + session.AddressOf(v.r)}
	if wait := c.throttle.Wait(names...); wait > 0 {
		seconds := int(wait/time.Second) + 1
		v.w.Header().Set("Retry-After", strconv.Itoa(seconds))
		view.Mistake, view.Wait = "login.wait", strconv.Itoa(seconds)
		c.log.Warn("console", "act", "login throttled", "name", name, "address", session.AddressOf(v.r))
		return v.show(http.StatusTooManyRequests, login(view))
	}
	ctx := v.r.Context()
	person, err := c.store.PersonByName(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	password := v.r.PostFormValue("password")
	if len(password) > 4*people.Longest {
		password = ""
	}
	right, err := c.hashing.Verify(ctx, person.Password, password)
	if err != nil {
		return err
	}
	if !right {
		c.log.Warn("console", "act", "login refused", "name", name, "address", session.AddressOf(v.r))
		view.Mistake = "login.wrong"
		return v.show(http.StatusUnauthorized, login(view))
	}
	c.throttle.Forgive(names...)
	if err := c.Begin(v.w, v.r, person.ID); err != nil {
		return err
	}
	c.log.Info("console", "act", "login", "person", person.ID, "name", person.Name, "address", session.AddressOf(v.r))
	if view.Next != "" {
		v.leave(view.Next)
		return nil
	}
	v.seeOther("/")
	return nil
}

// invited logs in whoever brings a login link.
func (c *console) invited(v *visit) error {
	address := "address " + session.AddressOf(v.r)
	if c.o.Demo == nil {
		if wait := c.throttle.Wait(address); wait > 0 {
			v.w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
			return v.show(http.StatusTooManyRequests, login(loginView{Page: v.page, Mistake: "login.wait", Wait: strconv.Itoa(int(wait/time.Second) + 1)}))
		}
	}
	ctx := v.r.Context()
	invitation, err := c.store.SpendInvitation(ctx, people.Digest(v.r.PathValue("secret")), c.now())
	if errors.Is(err, store.ErrNotFound) {
		return v.show(http.StatusNotFound, login(loginView{Page: v.page, Mistake: "login.link"}))
	}
	if err != nil {
		return err
	}
	c.throttle.Forgive(address)
	if err := c.Begin(v.w, v.r, invitation.Person); err != nil {
		return err
	}
	c.log.Info("console", "act", "login by link", "person", invitation.Person, "address", session.AddressOf(v.r))
	person, err := c.store.Person(ctx, invitation.Person)
	if err != nil {
		return err
	}
	if person.Password == "" && !invitation.Many {
		v.seeOther("/settings?done=setpassword#password")
		return nil
	}
	v.seeOther("/")
	return nil
}

// logout ends this login.
func (c *console) logout(v *visit) error {
	if err := c.store.EndLogin(v.r.Context(), v.session.Hash); err != nil {
		return err
	}
	c.SetCookie(v.w, "", -1)
	v.leave("/login")
	return nil
}
