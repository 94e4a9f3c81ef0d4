package console

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
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
}

type loginRow struct {
	store.Login
	This bool
}

func (c *console) settingsView(v *visit) (settingsView, error) {
	p := v.page
	p.Section = "settings"
	view := settingsView{Page: p, Zones: zones, ChosenZone: firstOf(v.person.Zone, zones[0]), HasPassword: v.person.Password != "", Scopes: gk.Scopes(), Roles: people.Roles()}
	view.Proved = c.o.Demo != nil || v.session.Proved(c.now())
	found, err := c.store.Logins(v.ctx(), v.person.ID)
	if err != nil {
		return view, err
	}
	for _, l := range found {
		view.Logins = append(view.Logins, loginRow{l, bytes.Equal(l.Hash, v.session.Hash)})
	}
	if !people.May(v.person.Role, store.RoleAdministrator) {
		return view, nil
	}
	if view.Keys, err = c.store.Keys(v.ctx()); err != nil {
		return view, err
	}
	slices.Reverse(view.Keys)
	view.People, err = c.store.People(v.ctx())
	return view, err
}

// settings shows them.
func (c *console) settings(v *visit) error {
	view, err := c.settingsView(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, settings(view))
}

// saveSettings stores what a person chose for the pages.
func (c *console) saveSettings(v *visit) error {
	err := c.store.UpdatePerson(v.ctx(), v.person.ID, c.now(), func(p *store.Person) error {
		if lang := v.field("language"); known(lang) || lang == "" {
			p.Language = lang
		}
		if theme := v.field("theme"); theme == "" || theme == "light" || theme == "dark" {
			p.Theme = theme
		}
		if zone := v.field("zone"); slices.Contains(zones, zone) {
			p.Zone = zone
		}
		p.NoShortcuts = v.field("shortcuts") == ""
		return nil
	})
	if err != nil {
		return err
	}
	v.seeOther("/settings?done=saved")
	return nil
}

// changePassword sets a person's password and ends their other logins. Who has one gives it once more.
func (c *console) changePassword(v *visit) error {
	fresh := v.r.PostFormValue("fresh")
	mistake := people.CheckPassword(v.person.Name, fresh)
	if mistake != "" {
		mistake = "pw." + mistake
	}
	if v.person.Password != "" {
		name := "account " + v.person.Name
		if wait := c.throttle.Wait(name); wait > 0 {
			mistake = "pw.wait"
		} else if right, err := c.hashing.Verify(v.ctx(), v.person.Password, v.r.PostFormValue("password")); err != nil {
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
		return v.show(http.StatusUnprocessableEntity, settings(view))
	}
	hash, err := c.hashing.Hash(v.ctx(), fresh)
	if err != nil {
		return err
	}
	err = c.store.UpdatePerson(v.ctx(), v.person.ID, c.now(), func(p *store.Person) error { p.Password = hash; return nil })
	if err != nil {
		return err
	}
	if err := c.store.EndLogins(v.ctx(), v.person.ID, nil); err != nil {
		return err
	}
	if err := c.Begin(v.w, v.r, v.person.ID); err != nil {
		return err
	}
	c.act(v.ctx(), v, "password changed")
	v.seeOther("/settings?done=password")
	return nil
}

// endLogins ends every other login of a person.
func (c *console) endLogins(v *visit) error {
	if err := c.store.EndLogins(v.ctx(), v.person.ID, v.session.Hash); err != nil {
		return err
	}
	c.act(v.ctx(), v, "logins ended")
	v.seeOther("/settings?done=ended")
	return nil
}

// newKey makes an API key. Its text is shown this once, so the answer is the page itself.
func (c *console) newKey(v *visit) error {
	if !v.prove("/settings") {
		return nil
	}
	var scopes []gk.Scope
	for _, s := range gk.Scopes() {
		if slices.Contains(v.r.Form["scope"], string(s)) {
			scopes = append(scopes, s)
		}
	}
	name, owner := frame.Cut(v.field("name"), 200), v.field("owner")
	mistake := ""
	if name == "" || len(scopes) == 0 {
		mistake = "key.incomplete"
	}
	if mistake == "" {
		text, hash := c.o.NewKey()
		k := gk.Key{ID: gk.NewID("key", v.page.Now), Hash: hash, Name: name, Scopes: scopes, CreatedAt: v.page.Now}
		if owner != "" {
			k.Owners = []string{owner}
		}
		if err := c.store.CreateKey(v.ctx(), k); err != nil {
			return err
		}
		c.act(v.ctx(), v, "key made", "key", k.ID)
		view, err := c.settingsView(v)
		if err != nil {
			return err
		}
		view.Made = text.Reveal()
		return v.show(http.StatusOK, settings(view))
	}
	view, err := c.settingsView(v)
	if err != nil {
		return err
	}
	view.KeyMistake = mistake
	return v.show(http.StatusUnprocessableEntity, settings(view))
}

func (c *console) key(v *visit) (k gk.Key, sole bool, err error) {
	keys, err := c.store.Keys(v.ctx())
	if err != nil {
		return k, false, err
	}
	i := slices.IndexFunc(keys, func(k gk.Key) bool { return k.ID == v.r.PathValue("id") })
	if i < 0 {
		return k, false, store.ErrNotFound
	}
	others := slices.ContainsFunc(keys, func(k gk.Key) bool { return k.ID != keys[i].ID && rules(k, v.page.Now) })
	return keys[i], rules(keys[i], v.page.Now) && !others, nil
}

// rules reports whether a key lives and can do everything for everybody.
func rules(k gk.Key, now time.Time) bool {
	alive := k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || k.ExpiresAt.After(now))
	return alive && slices.Contains(k.Scopes, gk.ScopeAdmin) && len(k.Owners) == 0 && len(k.Apps) == 0
}

// askRetire asks before a key ends.
func (c *console) askRetire(v *visit) error {
	k, sole, err := c.key(v)
	if err != nil {
		return err
	}
	p := v.page
	p.Section = "settings"
	text := p.T("confirm.retire.text")
	if sole {
		text = p.T("confirm.retire.last")
	}
	return v.show(http.StatusOK, confirm(confirmView{
		Page: p, Title: []string{p.T("confirm.retire", "Key", k.Name)}, Text: []string{text}, Action: p.URL("/settings/keys/%s/retire", k.ID),
		Back: p.URL("/settings"), Button: "act.retire",
	}))
}

// retire ends a key, but not the last one that can make others.
func (c *console) retire(v *visit) error {
	if !v.prove("/settings") {
		return nil
	}
	k, sole, err := c.key(v)
	if err != nil {
		return err
	}
	if sole {
		return c.askRetire(v)
	}
	if err := c.store.RevokeKey(v.ctx(), k.ID, v.page.Now); err != nil {
		return err
	}
	c.act(v.ctx(), v, "key retired", "key", k.ID)
	v.seeOther("/settings?done=retired")
	return nil
}

// newPerson lets somebody in: by a login link, after which they set a password.
func (c *console) newPerson(v *visit) error {
	if !v.prove("/settings") {
		return nil
	}
	name, ok := people.Name(v.field("name"))
	role, mistake, invited := v.field("role"), "", ""
	switch {
	case !ok:
		mistake = "person.name"
	case !people.ValidRole(role):
		mistake = "person.role"
	}
	if mistake == "" {
		p, err := people.Add(v.ctx(), c.store, name, role, "", c.now())
		if errors.Is(err, store.ErrExists) {
			mistake = "person.exists"
		} else if err != nil {
			return err
		} else {
			if invited, err = people.Invite(v.ctx(), c.store, c.o.URL, p.ID, false, c.now().Add(people.LinkLife)); err != nil {
				return err
			}
			c.act(v.ctx(), v, "person added", "added", p.ID, "role", role)
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
	return v.show(status, settings(view))
}

// changeRole gives somebody another role and ends their logins.
func (c *console) changeRole(v *visit) error {
	if !v.prove("/settings") {
		return nil
	}
	id, role := v.r.PathValue("id"), v.field("role")
	if !people.ValidRole(role) {
		return &badForm{errors.New("console: no such role")}
	}
	err := c.store.UpdatePerson(v.ctx(), id, c.now(), func(p *store.Person) error { p.Role = role; return nil })
	if errors.Is(err, store.ErrInUse) {
		return c.lastOne(v)
	}
	if err != nil {
		return err
	}
	if err := c.store.EndLogins(v.ctx(), id, v.session.Hash); err != nil {
		return err
	}
	c.act(v.ctx(), v, "role changed", "changed", id, "role", role)
	v.seeOther("/settings?done=person")
	return nil
}

// lastOne says that an administrator has to stay.
func (c *console) lastOne(v *visit) error {
	view, err := c.settingsView(v)
	if err != nil {
		return err
	}
	view.NameMistake = "person.last"
	return v.show(http.StatusConflict, settings(view))
}

// askRemovePerson asks before somebody is removed.
func (c *console) askRemovePerson(v *visit) error {
	person, err := c.store.Person(v.ctx(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	p := v.page
	p.Section = "settings"
	return v.show(http.StatusOK, confirm(confirmView{
		Page: p, Title: []string{p.T("confirm.person", "Name", person.Name)}, Text: []string{p.T("confirm.person.text")},
		Action: p.URL("/settings/people/%s/remove", person.ID), Back: p.URL("/settings"), Button: "act.remove",
	}))
}

// removePerson removes somebody with their logins.
func (c *console) removePerson(v *visit) error {
	if !v.prove("/settings") {
		return nil
	}
	id := v.r.PathValue("id")
	err := c.store.RemovePerson(v.ctx(), id)
	if errors.Is(err, store.ErrInUse) {
		return c.lastOne(v)
	}
	if err != nil {
		return err
	}
	c.act(v.ctx(), v, "person removed", "removed", id)
	v.seeOther("/settings?done=person")
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
