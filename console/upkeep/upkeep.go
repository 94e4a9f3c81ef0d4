// Package upkeep has the pages of those who look after the installation: what is used of the
// platforms' limits, the audit, the way of grants in and out, the keys that seal.
package upkeep

import (
	"errors"
	"net/http"

	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/keeper/keyset"
	"github.com/grantkeep/grantkeep/store"
)

// pages are those pages.
type pages struct {
	*desk.Desk
	server string // address of the API, for commands that are shown
}

// Route adds the pages.
func Route(d *desk.Desk, server string) {
	u := &pages{d, server}
	d.On("GET /audit", store.RoleAdministrator, u.audit)
	d.On("GET /audit.csv", store.RoleAdministrator, u.auditFile)
	d.On("GET /quotas", store.RoleSupport, u.quotas)
	d.On("GET /data", store.RoleAdministrator, u.data)
	d.On("GET /data/rotate", store.RoleAdministrator, u.askRotate)
	d.On("POST /data/rotate", store.RoleAdministrator, u.rotate)
	d.On("GET /data/retire", store.RoleAdministrator, u.askRetire)
	d.On("POST /data/retire", store.RoleAdministrator, u.retire)
}

// dataView is how grants come in and go out, and how they are sealed.
type dataView struct {
	frame.Page
	Commands []command
	Sealing  int64  // number of the key that seals
	Since    string // when the set of keys was last changed
	Older    int    // keys that open only
	InTheWay []string
	Needed   bool // a retirement was refused
}

// command is a line for a shell, with what it is for.
type command struct{ ID, Title, Text string }

// data shows them. What hands out tokens by the thousand is done by commands with keys of their own, not by a button.
func (u *pages) data(v *desk.Visit) error { return u.dataAs(v, http.StatusOK) }

func (u *pages) dataAs(v *desk.Visit, status int) error {
	set, err := u.Keeper.Keys().Standing(v.Ctx())
	if err != nil {
		return err
	}
	p := v.Page
	p.Section = "settings"
	view := dataView{
		Page: p, Sealing: set.Sealing, Since: p.Moment(set.Since), Older: len(set.Keys) - 1, InTheWay: set.InTheWay, Needed: status == http.StatusConflict,
	}
	at := "GRANTKEEP_SERVER=" + u.server + " GRANTKEEP_KEY=gk_… grantkeep "
	view.Commands = []command{
		{"c-check", p.T("data.check"), at + "grant import grants.csv --dry-run"},
		{"c-import", p.T("data.import"), at + "grant import grants.csv"},
		{"c-export", p.T("data.export"), at + "grant export --recipient age1… --output grants.age"},
		{"c-all", p.T("data.revokeall"), at + "grant revoke --all --app APP"},
		{"c-backup", p.T("data.backup"), "grantkeep backup FILE --data DIR"},
	}
	return v.Show(status, dataPage(view))
}

// askRotate asks before a key is added that seals from then on.
func (u *pages) askRotate(v *desk.Visit) error { return u.rotatePage(v, http.StatusOK, false) }

func (u *pages) rotatePage(v *desk.Visit, status int, mistake bool) error {
	set, err := u.Store.Keyset(v.Ctx())
	if err != nil {
		return err
	}
	p := v.Page
	p.Section = "settings"
	return v.Show(status, frame.Confirm(frame.ConfirmView{
		Page: p, Title: []string{p.T("confirm.keyset")}, Text: []string{p.T("confirm.keyset.what"), p.T("confirm.keyset.backups")}, Action: p.URL("/data/rotate"),
		Back: p.URL("/data"), Button: "act.rotatekeys", Typed: typedOf(set), TypedLabel: p.T("confirm.type.keyset", "Last4", typedOf(set)), Mistake: mistake,
	}))
}

// typedOf is what is typed to confirm: the last digits of the number of the key that seals.
func typedOf(set store.Keyset) string { return frame.Last(frame.Plain(set.Primary)) }

// rotate adds a key that seals from a minute later on.
func (u *pages) rotate(v *desk.Visit) error {
	if !v.Prove("/data/rotate") {
		return nil
	}
	set, err := u.Store.Keyset(v.Ctx())
	if err != nil {
		return err
	}
	if v.Field("typed") != typedOf(set) {
		return u.rotatePage(v, http.StatusUnprocessableEntity, true)
	}
	if err := v.Record("keyring.rotate", store.AuditEntry{}); err != nil {
		return err
	}
	if _, err := u.Keeper.Keys().Rotate(v.Ctx()); err != nil {
		return err
	}
	v.SeeOther("/data?done=rotated")
	return nil
}

// askRetire asks before the keys that no longer seal are taken out of the set.
func (u *pages) askRetire(v *desk.Visit) error { return u.retirePage(v, http.StatusOK, false) }

func (u *pages) retirePage(v *desk.Visit, status int, mistake bool) error {
	set, err := u.Store.Keyset(v.Ctx())
	if err != nil {
		return err
	}
	p := v.Page
	p.Section = "settings"
	return v.Show(status, frame.Confirm(frame.ConfirmView{
		Page: p, Title: []string{p.T("confirm.retirekeys")}, Text: []string{p.T("confirm.retirekeys.what"), p.T("confirm.retirekeys.backups")}, Action: p.URL("/data/retire"),
		Back: p.URL("/data"), Button: "act.retirekeys", Typed: typedOf(set), TypedLabel: p.T("confirm.type.keyset", "Last4", typedOf(set)), Mistake: mistake,
	}))
}

// retire takes the older keys out of the set, once nothing is under them.
func (u *pages) retire(v *desk.Visit) error {
	if !v.Prove("/data/retire") {
		return nil
	}
	set, err := u.Store.Keyset(v.Ctx())
	if err != nil {
		return err
	}
	if v.Field("typed") != typedOf(set) {
		return u.retirePage(v, http.StatusUnprocessableEntity, true)
	}
	if err := v.Record("keyring.retire", store.AuditEntry{}); err != nil {
		return err
	}
	_, err = u.Keeper.Keys().Retire(v.Ctx())
	if errors.Is(err, keyset.ErrNeeded) {
		return u.dataAs(v, http.StatusConflict)
	}
	if err != nil {
		return err
	}
	v.SeeOther("/data?done=retiredkey")
	return nil
}
