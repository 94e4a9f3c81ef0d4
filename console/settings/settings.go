// Package settings has the page of a person's own settings, and of the keys and the people, for administrators.
package settings

import (
	"bytes"
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/console/session"
	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/store"
)

// Options is what the pages need beside the desk.
type Options struct {
	URL      string                     // under which people reach the console
	NewKey   func() (gk.Secret, []byte) // makes the text of an API key and its hash
	Throttle *session.Throttle
	Hashing  people.Hashing
	Codes    session.Codes
}

// pages are those pages.
type pages struct {
	*desk.Desk
	Options
}

// Route adds the pages.
func Route(d *desk.Desk, o Options) {
	c := &pages{d, o}
	d.On("GET /settings", store.RoleSupport, c.settings)
	d.On("POST /settings", store.RoleSupport, c.saveSettings)
	d.On("POST /settings/password", store.RoleSupport, c.changePassword)
	d.On("POST /settings/logins", store.RoleSupport, c.endLogins)
	d.On("POST /settings/code", store.RoleSupport, c.newCode)
	d.On("POST /settings/code/confirm", store.RoleSupport, c.confirmCode)
	d.On("POST /settings/code/remove", store.RoleSupport, c.dropCode)
	d.On("POST /settings/keys", store.RoleAdministrator, c.newKey)
	d.On("GET /settings/keys/{id}/retire", store.RoleAdministrator, c.askRetire)
	d.On("POST /settings/keys/{id}/retire", store.RoleAdministrator, c.retire)
	d.On("POST /settings/people", store.RoleAdministrator, c.newPerson)
	d.On("POST /settings/people/{id}/code", store.RoleAdministrator, c.dropCode)
	d.On("POST /settings/people/{id}/role", store.RoleAdministrator, c.changeRole)
	d.On("GET /settings/people/{id}/remove", store.RoleAdministrator, c.askRemovePerson)
	d.On("POST /settings/people/{id}/remove", store.RoleAdministrator, c.removePerson)
}

// settingsView is a person's own settings, and for administrators the keys and the people.
type settingsView struct {
	frame.Page
	Zones       []string
	ChosenZone  string
	Logins      []loginRow
	HasPassword bool
	Mistake     string // id of the text about the password
	Proved      bool
	Keys        []gk.Key
	Scopes      []gk.Scope
	Made        string // the text of a key, shown this once
	KeyMistake  string
	People      []store.Person
	Roles       []string
	Invited     string // a login link, shown this once
	NameMistake string
	Step        *secondStep // on its way to the person's phone
}

type loginRow struct {
	store.Login
	This bool
}

func (c *pages) settingsView(v *desk.Visit) (settingsView, error) {
	p := v.Page
	p.Section = "settings"
	view := settingsView{Page: p, Zones: desk.Zones, ChosenZone: cmp.Or(v.Person.Zone, desk.Zones[0]), HasPassword: v.Person.Password != "", Scopes: gk.Scopes(), Roles: people.Roles()}
	view.Proved = c.Demo != nil || v.Session.Proved(c.Now())
	found, err := c.Store.Logins(v.Ctx(), v.Person.ID)
	if err != nil {
		return view, err
	}
	for _, l := range found {
		view.Logins = append(view.Logins, loginRow{l, bytes.Equal(l.Hash, v.Session.Hash)})
	}
	if !people.May(v.Person.Role, store.RoleAdministrator) {
		return view, nil
	}
	if view.Keys, err = c.Store.Keys(v.Ctx()); err != nil {
		return view, err
	}
	slices.Reverse(view.Keys)
	view.People, err = c.Store.People(v.Ctx())
	return view, err
}

// settings shows them.
func (c *pages) settings(v *desk.Visit) error {
	view, err := c.settingsView(v)
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, settings(view))
}

// saveSettings stores what a person chose for the pages.
func (c *pages) saveSettings(v *desk.Visit) error {
	err := c.Store.UpdatePerson(v.Ctx(), v.Person.ID, c.Now(), func(p *store.Person) error {
		if lang := v.Field("language"); desk.Known(lang) || lang == "" {
			p.Language = lang
		}
		if theme := v.Field("theme"); theme == "" || theme == "light" || theme == "dark" {
			p.Theme = theme
		}
		if zone := v.Field("zone"); slices.Contains(desk.Zones, zone) {
			p.Zone = zone
		}
		p.NoShortcuts = v.Field("shortcuts") == ""
		return nil
	})
	if err != nil {
		return err
	}
	v.SeeOther("/settings?done=saved")
	return nil
}

// changePassword sets a person's password and ends their other logins. Who has one gives it once more.
func (c *pages) changePassword(v *desk.Visit) error {
	if err := own(v.Person); err != nil {
		return err
	}
	fresh := v.R.PostFormValue("fresh")
	mistake := people.CheckPassword(v.Person.Name, fresh)
	if mistake != "" {
		mistake = "pw." + mistake
	}
	if v.Person.Password != "" {
		name := "account " + v.Person.Name
		if wait := c.Throttle.Wait(name); wait > 0 {
			mistake = "pw.wait"
		} else if right, err := c.Hashing.Verify(v.Ctx(), v.Person.Password, v.R.PostFormValue("password")); err != nil {
			return err
		} else if !right {
			mistake = "pw.wrong"
		} else {
			c.Throttle.Forgive(name)
		}
	}
	if mistake != "" {
		view, err := c.settingsView(v)
		if err != nil {
			return err
		}
		view.Mistake = mistake
		return v.Show(http.StatusUnprocessableEntity, settings(view))
	}
	hash, err := c.Hashing.Hash(v.Ctx(), fresh)
	if err != nil {
		return err
	}
	if err := v.Record("user.password", store.AuditEntry{Object: v.Person.ID}); err != nil {
		return err
	}
	err = c.Store.UpdatePerson(v.Ctx(), v.Person.ID, c.Now(), func(p *store.Person) error { p.Password = hash; return nil })
	if err != nil {
		return err
	}
	if err := c.Store.EndLogins(v.Ctx(), v.Person.ID, nil); err != nil {
		return err
	}
	if err := c.Begin(v.W, v.R, v.Person.ID, c.Now(), session.Life); err != nil {
		return err
	}
	v.SeeOther("/settings?done=password")
	return nil
}

// own refuses what an identity provider decides: whether and as what somebody logs in whom it knows. A password or a second
// step of ours would let them in after it has put them out.
func own(p store.Person) error {
	if p.Subject == "" {
		return nil
	}
	return gk.BadInput("person", "logs in by the identity provider, which decides about the password and the role")
}

// endLogins ends every other login of a person.
func (c *pages) endLogins(v *desk.Visit) error {
	if err := v.Record("user.logins", store.AuditEntry{Object: v.Person.ID}); err != nil {
		return err
	}
	if err := c.Store.EndLogins(v.Ctx(), v.Person.ID, v.Session.Hash); err != nil {
		return err
	}
	v.SeeOther("/settings?done=ended")
	return nil
}

// newKey makes an API key. Its text is shown this once, so the answer is the page itself.
func (c *pages) newKey(v *desk.Visit) error {
	if !v.Prove("/settings") {
		return nil
	}
	var scopes []gk.Scope
	for _, s := range gk.Scopes() {
		if slices.Contains(v.R.Form["scope"], string(s)) {
			scopes = append(scopes, s)
		}
	}
	name, owner := frame.Cut(v.Field("name"), 200), v.Field("owner")
	mistake := ""
	if name == "" || len(scopes) == 0 {
		mistake = "key.incomplete"
	}
	if mistake == "" {
		text, hash := c.NewKey()
		k := gk.Key{ID: gk.NewID("key", v.Page.Now), Hash: hash, Name: name, Scopes: scopes, CreatedAt: v.Page.Now}
		if owner != "" {
			k.Owners = []string{owner}
		}
		if err := v.Record("key.create", store.AuditEntry{Object: k.ID}); err != nil {
			return err
		}
		if err := c.Store.CreateKey(v.Ctx(), k); err != nil {
			return err
		}
		view, err := c.settingsView(v)
		if err != nil {
			return err
		}
		view.Made = text.Reveal()
		return v.Show(http.StatusOK, settings(view))
	}
	view, err := c.settingsView(v)
	if err != nil {
		return err
	}
	view.KeyMistake = mistake
	return v.Show(http.StatusUnprocessableEntity, settings(view))
}

func (c *pages) key(v *desk.Visit) (k gk.Key, sole bool, err error) {
	keys, err := c.Store.Keys(v.Ctx())
	if err != nil {
		return k, false, err
	}
	i := slices.IndexFunc(keys, func(k gk.Key) bool { return k.ID == v.R.PathValue("id") })
	if i < 0 {
		return k, false, store.ErrNotFound
	}
	others := slices.ContainsFunc(keys, func(k gk.Key) bool { return k.ID != keys[i].ID && rules(k, v.Page.Now) })
	return keys[i], rules(keys[i], v.Page.Now) && !others, nil
}

// rules reports whether a key lives and can do everything for everybody.
func rules(k gk.Key, now time.Time) bool {
	alive := k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || k.ExpiresAt.After(now))
	return alive && slices.Contains(k.Scopes, gk.ScopeAdmin) && len(k.Owners) == 0 && len(k.Apps) == 0
}

// askRetire asks before a key ends.
func (c *pages) askRetire(v *desk.Visit) error {
	k, sole, err := c.key(v)
	if err != nil {
		return err
	}
	p := v.Page
	p.Section = "settings"
	text := p.T("confirm.retire.text")
	if sole {
		text = p.T("confirm.retire.last")
	}
	return v.Show(http.StatusOK, frame.Confirm(frame.ConfirmView{
		Page: p, Title: []string{p.T("confirm.retire", "Key", k.Name)}, Text: []string{text}, Action: p.URL("/settings/keys/%s/retire", k.ID),
		Back: p.URL("/settings"), Button: "act.retire",
	}))
}

// retire ends a key, but not the last one that can make others.
func (c *pages) retire(v *desk.Visit) error {
	if !v.Prove("/settings") {
		return nil
	}
	k, sole, err := c.key(v)
	if err != nil {
		return err
	}
	if sole {
		return c.askRetire(v)
	}
	if err := v.Record("key.revoke", store.AuditEntry{Object: k.ID}); err != nil {
		return err
	}
	if err := c.Store.RevokeKey(v.Ctx(), k.ID, v.Page.Now); err != nil {
		return err
	}
	v.SeeOther("/settings?done=retired")
	return nil
}

// newPerson lets somebody in: by a login link, after which they set a password.
func (c *pages) newPerson(v *desk.Visit) error {
	if !v.Prove("/settings") {
		return nil
	}
	name, ok := people.Name(v.Field("name"))
	role, mistake, invited := v.Field("role"), "", ""
	switch {
	case !ok:
		mistake = "person.name"
	case !people.ValidRole(role):
		mistake = "person.role"
	}
	if mistake == "" {
		if err := v.Record("user.create", store.AuditEntry{}); err != nil {
			return err
		}
		p, err := people.Add(v.Ctx(), c.Store, name, role, "", c.Now())
		if errors.Is(err, store.ErrExists) {
			mistake = "person.exists"
		} else if err != nil {
			return err
		} else {
			if invited, err = people.Invite(v.Ctx(), c.Store, c.URL, p.ID, false, c.Now().Add(people.LinkLife)); err != nil {
				return err
			}
		}
	}
	view, err := c.settingsView(v)
	if err != nil {
		return err
	}
	view.NameMistake, view.Invited = mistake, invited
	status := http.StatusOK
	if mistake != "" {
		status = http.StatusUnprocessableEntity
	}
	return v.Show(status, settings(view))
}

// changeRole gives somebody another role and ends their logins.
func (c *pages) changeRole(v *desk.Visit) error {
	if !v.Prove("/settings") {
		return nil
	}
	id, role := v.R.PathValue("id"), v.Field("role")
	person, err := c.Store.Person(v.Ctx(), id)
	if err == nil {
		err = own(person)
	}
	if err != nil {
		return err
	}
	if !people.ValidRole(role) {
		return &desk.BadForm{Err: errors.New("console: no such role")}
	}
	if err := v.Record("user.role", store.AuditEntry{Object: id}); err != nil {
		return err
	}
	err = c.Store.UpdatePerson(v.Ctx(), id, c.Now(), func(p *store.Person) error { p.Role = role; return nil })
	if errors.Is(err, store.ErrInUse) {
		return c.lastOne(v)
	}
	if err != nil {
		return err
	}
	if err := c.Store.EndLogins(v.Ctx(), id, v.Session.Hash); err != nil {
		return err
	}
	v.SeeOther("/settings?done=person")
	return nil
}

// lastOne says that an administrator has to stay.
func (c *pages) lastOne(v *desk.Visit) error {
	view, err := c.settingsView(v)
	if err != nil {
		return err
	}
	view.NameMistake = "person.last"
	return v.Show(http.StatusConflict, settings(view))
}

// askRemovePerson asks before somebody is removed.
func (c *pages) askRemovePerson(v *desk.Visit) error {
	person, err := c.Store.Person(v.Ctx(), v.R.PathValue("id"))
	if err != nil {
		return err
	}
	p := v.Page
	p.Section = "settings"
	return v.Show(http.StatusOK, frame.Confirm(frame.ConfirmView{
		Page: p, Title: []string{p.T("confirm.person", "Name", person.Name)}, Text: []string{p.T("confirm.person.text")},
		Action: p.URL("/settings/people/%s/remove", person.ID), Back: p.URL("/settings"), Button: "act.remove",
	}))
}

// removePerson removes somebody with their logins.
func (c *pages) removePerson(v *desk.Visit) error {
	if !v.Prove("/settings") {
		return nil
	}
	id := v.R.PathValue("id")
	if err := v.Record("user.remove", store.AuditEntry{Object: id}); err != nil {
		return err
	}
	err := c.Store.RemovePerson(v.Ctx(), id)
	if errors.Is(err, store.ErrInUse) {
		return c.lastOne(v)
	}
	if err != nil {
		return err
	}
	v.SeeOther("/settings?done=person")
	return nil
}
