package shoplazza

import (
	"encoding/json"
	"errors"
	"net/http"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// scopesPage is the second question of an inspection: what the merchant granted.
const scopesPage = "scopes"

// InspectRequest asks the store who it is, then which scopes the token has.
func (d driver) InspectRequest(app platform.App, cred platform.Credential, page string) (*platform.Request, error) {
	if forPartner(app, cred.Subject) {
		return nil, errors.New("shoplazza: inspect: the Partner API has no call that tells whose token it is")
	}
	path := shopPath
	if page == scopesPage {
		path = scopesPath
	}
	return d.request(app, cred, platform.Call{Method: http.MethodGet, Path: path})
}

// ReadInspection reads either answer. Only a 401 says that the token is dead; a 403 says that it lives without the
// scope that the question needs.
func (d driver) ReadInspection(app platform.App, cred platform.Credential, reply platform.Reply) (platform.Inspection, string, error) {
	in := platform.Inspection{Subject: cred.Subject}
	asked := platform.Asked{Stage: platform.StageInspect, Subject: cred.Subject}
	switch reply.Status {
	case http.StatusUnauthorized:
		in.Alive, in.Fault = new(bool), d.fault(app, asked, reply, readBody(reply.Body))
		return in, "", nil
	case http.StatusForbidden:
		in.Alive = alive()
		return in, "", nil
	}
	if err := d.refused(app, asked, reply); err != nil {
		return platform.Inspection{}, "", err
	}
	var got struct {
		Shop *struct {
			ID           text   `json:"id"`
			Name         string `json:"name"`
			SystemDomain string `json:"system_domain"`
			Currency     string `json:"currency"`
			Timezone     string `json:"timezone"`
		} `json:"shop"`
		Scopes []struct {
			Handle string `json:"handle"`
		} `json:"access_scopes"`
	}
	if json.Unmarshal(reply.Body, &got) != nil || got.Shop == nil && got.Scopes == nil {
		return platform.Inspection{}, "", &platform.Garbled{Why: "the answer names neither a store nor scopes"}
	}
	in.Alive = alive()
	if got.Shop == nil {
		for _, s := range got.Scopes {
			in.Scopes = append(in.Scopes, s.Handle)
		}
		return in, "", nil
	}
	if !isID(string(got.Shop.ID)) {
		return platform.Inspection{}, "", &platform.Garbled{Why: "the store's id is not a number"}
	}
	in.Subject.Kind, in.Subject.ID, in.Subject.Name = gk.KindShop, string(got.Shop.ID), got.Shop.Name
	if host, err := d.spec.HostOf("store", got.Shop.SystemDomain); err == nil {
		in.Subject.Host = host // a store can be renamed
	}
	shop := gk.Shop{ID: in.Subject.ID, Name: got.Shop.Name, Host: in.Subject.Host, Facts: make(map[string]string)}
	for name, value := range map[string]string{"currency": got.Shop.Currency, "timezone": got.Shop.Timezone} {
		if value != "" {
			shop.Facts[name] = value
		}
	}
	in.Shops = []gk.Shop{shop}
	return in, scopesPage, nil
}

func alive() *bool { yes := true; return &yes }
