package shopeev1

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// InspectRequest asks for all linked shops: the one question whose answer tells when a shop was linked.
func (d driver) InspectRequest(app platform.App, cred platform.Credential, _ string) (*platform.Request, error) {
	if cred.Subject.Kind != gk.KindShop {
		return nil, &platform.BadCall{Field: "subject", Why: "only a shop can be inspected"}
	}
	return d.CensusRequest(app, gk.KindShop, "")
}

// ReadInspection finds the shop among the linked ones. One that is not there was cancelled or never linked.
func (d driver) ReadInspection(app platform.App, cred platform.Credential, reply platform.Reply) (platform.Inspection, string, error) {
	found, _, err := d.ReadCensus(app, reply)
	if err != nil {
		return platform.Inspection{}, "", err
	}
	for _, in := range found {
		if in.Subject.Same(cred.Subject) {
			return in, "", nil
		}
	}
	dead := false
	return platform.Inspection{
		Subject: cred.Subject, Alive: &dead, Fault: d.spec.Catalogue.Local(platform.StageAuthorize, "hub_v1_cancelled"),
	}, "", nil
}

// CensusRequest asks for all linked shops, which come in one answer.
func (d driver) CensusRequest(app platform.App, kind, _ string) (*platform.Request, error) {
	if kind != "" && kind != gk.KindShop {
		return nil, &platform.BadCall{Field: "kind", Why: "must be shop"}
	}
	partner := platform.Credential{Subject: gk.Subject{Kind: gk.KindPartner}}
	return d.request(app, "/api/v1/shop/get_partner_shop", partner, http.Header{}, nil)
}

// ReadCensus reads the linked shops. A missing list is not an empty one: read so, it would end every grant.
func (d driver) ReadCensus(app platform.App, reply platform.Reply) ([]platform.Inspection, string, error) {
	env, ok := readEnvelope(reply.Body)
	asked := platform.Asked{Stage: platform.StageInspect, Sent: reply.Sent}
	switch {
	case reply.Truncated:
		return nil, "", &platform.Garbled{Why: "it is longer than what we read"}
	case reply.Status >= 500, !ok:
		return nil, "", &platform.Garbled{Why: "status " + strconv.Itoa(reply.Status) + " or no JSON object", Fault: d.Diagnose(app, asked, reply)}
	case env.Error != "":
		return nil, "", d.refusal(app, asked, reply, env)
	}
	var a struct {
		Shops *[]linked `json:"authed_shops"`
	}
	if err := json.Unmarshal(reply.Body, &a); err != nil || a.Shops == nil {
		return nil, "", &platform.Garbled{Why: "it has no readable list of shops"}
	}
	var found []platform.Inspection
	for _, s := range *a.Shops {
		if s.ID > 0 {
			found = append(found, d.inspection(app, s))
		}
	}
	return found, "", nil
}

// linked is a shop in the list of linked ones.
type linked struct {
	ID         platform.Int `json:"shopid"`
	Country    string       `json:"country"`
	AuthTime   platform.Int `json:"auth_time"`
	ExpireTime platform.Int `json:"expire_time"`
	Affiliates []struct {
		ID platform.Int `json:"a_shopid"`
	} `json:"sip_a_shops"`
}

// inspection tells what the list says of one shop. Where it does not name the end, as before 2020, the year counts.
func (d driver) inspection(app platform.App, l linked) platform.Inspection {
	in := platform.Inspection{
		Subject: gk.Subject{Kind: gk.KindShop, ID: l.ID.String(), Region: l.Country},
		Shops:   []gk.Shop{{ID: l.ID.String(), Region: l.Country}},
		Ceiling: l.ExpireTime.Unix(), AuthorizedAt: l.AuthTime.Unix(), Facts: map[string]string{},
	}
	alive := in.Ceiling.IsZero() || in.Ceiling.After(app.Now)
	in.Alive = &alive
	if in.Ceiling.IsZero() && !in.AuthorizedAt.IsZero() {
		in.Ceiling = in.AuthorizedAt.Add(time.Duration(d.spec.Facts.Refresh.Ceiling))
	}
	var ids []string
	for _, a := range l.Affiliates {
		if a.ID > 0 {
			ids = append(ids, a.ID.String())
		}
	}
	if len(ids) > 0 {
		in.Facts["sip_affiliates"] = strings.Join(ids, ",")
	}
	return in
}
