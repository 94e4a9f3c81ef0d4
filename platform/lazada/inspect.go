package lazada

import (
	"net/http"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

// pathSeller asks for the seller behind a token on one country's host.
const pathSeller = "/seller/get"

// InspectRequest asks one country after the other; page is the id of the shop whose turn it is.
func (d driver) InspectRequest(app platform.App, cred platform.Credential, page string) (*platform.Request, error) {
	if cred.Token.Access.Empty() {
		return nil, &platform.BadCall{Field: "token", Why: "an inspection needs an access token"}
	}
	if reached := known(cred); page == "" && len(reached) > 0 {
		page = reached[0]
	}
	country, err := d.countryOf(cred, page)
	if err != nil {
		return nil, err
	}
	r, err := d.sign(app, cred.Token.Access, country, platform.Call{Method: http.MethodGet, Path: pathSeller}, nil, nil)
	if err == nil {
		r.Sent.Set("shop", page)
	}
	return r, err
}

// ReadInspection reads the answer of one country. A token without a seller there has lost that shop; where it was the
// only one, the grant is dead.
func (d driver) ReadInspection(_ platform.App, cred platform.Credential, reply platform.Reply) (platform.Inspection, string, error) {
	shop, reached := reply.Sent.Get("shop"), known(cred)
	next := ""
	if at := slices.Index(reached, shop); at >= 0 && at+1 < len(reached) {
		next = reached[at+1]
	}
	in := platform.Inspection{Subject: cred.Subject}
	asked := platform.Asked{Stage: platform.StageInspect, Subject: cred.Subject, Sent: reply.Sent}
	if fault := d.Diagnose(platform.App{}, asked, reply); fault != nil {
		return d.refused(in, cred, shop, next, fault)
	}
	data := answer.Object(platform.JSONObject(reply.Body)).Object("data")
	id := platform.JSONText(data["seller_id"])
	if data == nil || reply.Truncated || !digits.MatchString(id) {
		return in, "", &platform.Garbled{Why: "the answer to an inspection names no seller"}
	}
	alive := true
	in.Alive = &alive
	country, _, _ := strings.Cut(shop, ":")
	if country == "" {
		country = reply.Sent.Get("country")
	}
	told := gk.Shop{ID: country + ":" + id, Name: data.Words("name"), Region: country}
	if told.ID != shop && slices.ContainsFunc(reached, func(r string) bool { return r != shop && strings.HasSuffix(r, ":"+id) }) {
		in.Shops = kept(cred, shop) // one host answers for every country here, and for another one than was meant
		return in, next, nil
	}
	if code := data.Words("short_code"); code != "" {
		told.Facts = map[string]string{"short_code": code}
	}
	in.Shops = []gk.Shop{told}
	return in, next, nil
}

// refused reads the refusal of an inspection: of the token, of the seller in one country, or of the question.
func (d driver) refused(in platform.Inspection, cred platform.Credential, shop, next string, fault *gk.Fault) (platform.Inspection, string, error) {
	switch {
	case d.spec.TokenRefused(fault), fault.Terminal, fault.Action == gk.Reauthorize && len(known(cred)) < 2:
		dead := false
		in.Alive, in.Fault = &dead, fault
		return in, "", nil
	case fault.Action == gk.Reauthorize:
		return in, next, nil
	case fault.Known && (fault.Action == gk.ContactPlatform || fault.Action == gk.WaitApproval) && shop != "":
		in.Shops = kept(cred, shop) // the state of a shop is not the state of the grant
		return in, next, nil
	}
	return in, "", fault
}

// kept returns a shop as it is known.
func kept(cred platform.Credential, id string) []gk.Shop {
	for _, s := range cred.Shops {
		if s.ID == id {
			return []gk.Shop{s}
		}
	}
	country, _, _ := strings.Cut(id, ":")
	return []gk.Shop{{ID: id, Region: country}}
}
