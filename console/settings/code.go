package settings

import (
	"errors"
	"net/http"

	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/picture"
	"github.com/grantkeep/grantkeep/console/session"
	"github.com/grantkeep/grantkeep/store"
)

// secondStep is the secret of codes on its way to a phone.
type secondStep struct {
	Secret string
	QR     string // path of an SVG
	QRSize int
	Wrong  bool // the code that was typed
}

// newCode shows a secret for a phone to read. It is kept when the phone has shown that it has it, so the answer is the page itself.
func (c *pages) newCode(v *desk.Visit) error {
	if !v.Prove("/settings") {
		return nil
	}
	if err := own(v.Person); err != nil {
		return err
	}
	secret, address, err := session.NewCode(v.Person.Name)
	if err != nil {
		return err
	}
	return c.codePage(v, http.StatusOK, secret, address, false)
}

func (c *pages) codePage(v *desk.Visit, status int, secret, address string, wrong bool) error {
	view, err := c.settingsView(v)
	if err != nil {
		return err
	}
	view.Step = &secondStep{Secret: secret, Wrong: wrong}
	if view.Step.QR, view.Step.QRSize, err = picture.QR(address); err != nil {
		return err
	}
	return v.Show(status, settings(view))
}

// confirmCode keeps a secret whose code the person's phone shows. Their other logins, which were begun without it, end.
func (c *pages) confirmCode(v *desk.Visit) error {
	if !v.Prove("/settings") {
		return nil
	}
	if err := own(v.Person); err != nil {
		return err
	}
	secret := v.Field("secret")
	address, err := session.CodeAddress(v.Person.Name, secret)
	if err != nil || len(secret) < 32 || len(secret) > 64 {
		return &desk.BadForm{Err: errors.New("console: the form holds no secret of codes")}
	}
	step, right := session.Step(secret, v.Field("code"), 0, c.Now())
	if !right {
		return c.codePage(v, http.StatusUnprocessableEntity, secret, address, true)
	}
	sealed, err := c.Codes.Seal(v.Person.ID, secret)
	if err != nil {
		return err
	}
	if err := v.Record("user.code", store.AuditEntry{Object: v.Person.ID}); err != nil {
		return err
	}
	err = c.Store.UpdatePerson(v.Ctx(), v.Person.ID, c.Now(), func(p *store.Person) error {
		p.Code, p.CodeStep = sealed, step
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.Store.EndLogins(v.Ctx(), v.Person.ID, v.Session.Hash); err != nil {
		return err
	}
	v.SeeOther("/settings?done=code")
	return nil
}

// dropCode takes somebody's second step away: one's own, or, by an administrator, that of a phone that was lost.
func (c *pages) dropCode(v *desk.Visit) error {
	if !v.Prove("/settings") {
		return nil
	}
	id := v.R.PathValue("id")
	if id == "" {
		id = v.Person.ID
	}
	if err := v.Record("user.code", store.AuditEntry{Object: id}); err != nil {
		return err
	}
	err := c.Store.UpdatePerson(v.Ctx(), id, c.Now(), func(p *store.Person) error { p.Code, p.CodeStep = "", 0; return nil })
	if err != nil {
		return err
	}
	v.SeeOther("/settings?done=nocode")
	return nil
}
