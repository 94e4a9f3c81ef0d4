package console

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/store"
)

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

func (c *console) settingsView(v *desk.Visit) (settingsView, error) {
	p := v.Page
	p.Section = "settings"
	view := settingsView{Page: p, Zones: desk.Zones, ChosenZone: firstOf(v.Person.Zone, desk.Zones[0]), HasPassword: v.Person.Password != "", Scopes: gk.Scopes(), Roles: people.Roles()}
	view.Proved = c.o.Demo != nil || v.Session.Proved(c.Now())
	found, err := c.store.Logins(v.Ctx(), v.Person.ID)
	if err != nil {
		return view, err
	}
	for _, l := range found {
		view.Logins = append(view.Logins, loginRow{l, bytes.Equal(l.Hash, v.Session.Hash)})
	}
	if !people.May(v.Person.Role, store.RoleAdministrator) {
		return view, nil
	}
	if view.Keys, err = c.store.Keys(v.Ctx()); err != nil {
		return view, err
	}
	slices.Reverse(view.Keys)
	view.People, err = c.store.People(v.Ctx())
	return view, err
}

// settings shows them.
func (c *console) settings(v *desk.Visit) error {
	view, err := c.settingsView(v)
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, settings(view))
}

// saveSettings stores what a person chose for the pages.
func (c *console) saveSettings(v *desk.Visit) error {
	err := c.store.UpdatePerson(v.Ctx(), v.Person.ID, c.Now(), func(p *store.Person) error {
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
func (c *console) changePassword(v *desk.Visit) error {
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
		if wait := c.throttle.Wait(name); wait > 0 {
			mistake = "pw.wait"
		} else if right, err := c.hashing.Verify(v.Ctx(), v.Person.Password, v.R.PostFormValue("password")); err != nil {
			return err
		} else if !right {
			mistake = "pw.wrong"
		} else {
			c.throttle.Forgive(name)
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
	hash, err := c.hashing.Hash(v.Ctx(), fresh)
	if err != nil {
		return err
	}
	if err := v.Record("user.password", store.AuditEntry{Object: v.Person.ID}); err != nil {
		return err
	}
	err = c.store.UpdatePerson(v.Ctx(), v.Person.ID, c.Now(), func(p *store.Person) error { p.Password = hash; return nil })
	if err != nil {
		return err
	}
	if err := c.store.EndLogins(v.Ctx(), v.Person.ID, nil); err != nil {
		return err
	}
	if err := c.Begin(v.W, v.R, v.Person.ID, c.Now()); err != nil {
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
func (c *console) endLogins(v *desk.Visit) error {
	if err := v.Record("user.logins", store.AuditEntry{Object: v.Person.ID}); err != nil {
		return err
	}
	if err := c.store.EndLogins(v.Ctx(), v.Person.ID, v.Session.Hash); err != nil {
		return err
	}
	v.SeeOther("/settings?done=ended")
	return nil
}

// newKey makes an API key. Its text is shown this once, so the answer is the page itself.
func (c *console) newKey(v *desk.Visit) error {
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
		text, hash := c.o.NewKey()
		k := gk.Key{ID: gk.NewID("key", v.Page.Now), Hash: hash, Name: name, Scopes: scopes, CreatedAt: v.Page.Now}
		if owner != "" {
			k.Owners = []string{owner}
		}
		if err := v.Record("key.create", store.AuditEntry{Object: k.ID}); err != nil {
			return err
		}
		if err := c.store.CreateKey(v.Ctx(), k); err != nil {
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

func (c *console) key(v *desk.Visit) (k gk.Key, sole bool, err error) {
	keys, err := c.store.Keys(v.Ctx())
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
func (c *console) askRetire(v *desk.Visit) error {
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
func (c *console) retire(v *desk.Visit) error {
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
	if err := c.store.RevokeKey(v.Ctx(), k.ID, v.Page.Now); err != nil {
		return err
	}
	v.SeeOther("/settings?done=retired")
	return nil
}

// newPerson lets somebody in: by a login link, after which they set a password.
func (c *console) newPerson(v *desk.Visit) error {
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
		p, err := people.Add(v.Ctx(), c.store, name, role, "", c.Now())
		if errors.Is(err, store.ErrExists) {
			mistake = "person.exists"
		} else if err != nil {
			return err
		} else {
			if invited, err = people.Invite(v.Ctx(), c.store, c.o.URL, p.ID, false, c.Now().Add(people.LinkLife)); err != nil {
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
func (c *console) changeRole(v *desk.Visit) error {
	if !v.Prove("/settings") {
		return nil
	}
	id, role := v.R.PathValue("id"), v.Field("role")
	person, err := c.store.Person(v.Ctx(), id)
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
	err = c.store.UpdatePerson(v.Ctx(), id, c.Now(), func(p *store.Person) error { p.Role = role; return nil })
	if errors.Is(err, store.ErrInUse) {
		return c.lastOne(v)
	}
	if err != nil {
		return err
	}
	if err := c.store.EndLogins(v.Ctx(), id, v.Session.Hash); err != nil {
		return err
	}
	v.SeeOther("/settings?done=person")
	return nil
}

// lastOne says that an administrator has to stay.
func (c *console) lastOne(v *desk.Visit) error {
	view, err := c.settingsView(v)
	if err != nil {
		return err
	}
	view.NameMistake = "person.last"
	return v.Show(http.StatusConflict, settings(view))
}

// askRemovePerson asks before somebody is removed.
func (c *console) askRemovePerson(v *desk.Visit) error {
	person, err := c.store.Person(v.Ctx(), v.R.PathValue("id"))
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
func (c *console) removePerson(v *desk.Visit) error {
	if !v.Prove("/settings") {
		return nil
	}
	id := v.R.PathValue("id")
	if err := v.Record("user.remove", store.AuditEntry{Object: id}); err != nil {
		return err
	}
	err := c.store.RemovePerson(v.Ctx(), id)
	if errors.Is(err, store.ErrInUse) {
		return c.lastOne(v)
	}
	if err != nil {
		return err
	}
	v.SeeOther("/settings?done=person")
	return nil
}

// joined writes a list.
func joined[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, t := range list {
		texts[i] = string(t)
	}
	return strings.Join(texts, ", ")
}
