package shopee

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Page sizes that the platform allows at most.
const (
	censusPage = "100"
	shopsPage  = "500"
)

// InspectRequest asks about a shop, or about a merchant: first who it is, then page by page which shops it has.
func (d driver) InspectRequest(app platform.App, cred platform.Credential, page string) (*platform.Request, error) {
	if cred.Token.Access.Empty() {
		return nil, &platform.BadCall{Field: "token", Why: "an inspection needs an access token"}
	}
	switch {
	case cred.Subject.Kind == gk.KindShop && page == "":
		return d.request(app, "api", http.MethodGet, "/api/v2/shop/get_shop_info", cred, nil, nil)
	case cred.Subject.Kind == gk.KindMerchant && page == "":
		return d.request(app, "api", http.MethodGet, "/api/v2/merchant/get_merchant_info", cred, nil, nil)
	case cred.Subject.Kind == gk.KindMerchant:
		return d.request(app, "api", http.MethodGet, "/api/v2/merchant/get_shop_list_by_merchant", cred, paged(page, shopsPage), nil)
	}
	return nil, &platform.BadCall{Field: "subject", Why: "only a shop or a merchant can be inspected"}
}

func paged(page, size string) url.Values {
	return url.Values{"page_no": {page}, "page_size": {size}}
}

// affiliate is a shop that sells for another one in a further market; its authorization comes with that one's.
type affiliate struct {
	ID     platform.Int `json:"affi_shop_id"`
	Region string       `json:"region"`
}

// listed is a shop or a merchant as the lists and the info calls name it. The list of affiliates has two spellings.
type listed struct {
	ShopID         platform.Int `json:"shop_id"`
	MerchantID     platform.Int `json:"merchant_id"`
	ShopName       string       `json:"shop_name"`
	MerchantName   string       `json:"merchant_name"`
	Region         string       `json:"region"`
	MerchantRegion string       `json:"merchant_region"`
	Status         string       `json:"status"`
	AuthTime       platform.Int `json:"auth_time"`
	ExpireTime     platform.Int `json:"expire_time"`
	CrossBorder    *bool        `json:"is_cb"`
	SIP            *bool        `json:"is_sip"`
	Affiliates     []affiliate  `json:"sip_affi_shops"`
	AffiliateList  []affiliate  `json:"sip_affi_shop_list"`
}

// ReadInspection reads any of the three answers. Only a refusal that sends back to the merchant says that the permission
// is gone. A dead access token does not, since its refresh token may live; nor does a ban, which ends one day: such an
// inspection says nothing of life, and has the fault. Other refusals are returned as the error.
func (d driver) ReadInspection(app platform.App, cred platform.Credential, reply platform.Reply) (platform.Inspection, string, error) {
	var a struct {
		listed
		Shops *[]listed `json:"shop_list"`
		More  bool      `json:"more"`
	}
	f, err := d.readList(app, reply, &a)
	switch {
	case err != nil:
		return platform.Inspection{}, "", err
	case f != nil && f.Terminal && f.Action == gk.Reauthorize:
		dead := false
		return platform.Inspection{Subject: cred.Subject, Alive: &dead, Fault: f}, "", nil
	case f != nil && (f.Terminal || d.spec.TokenRefused(f)):
		return platform.Inspection{Subject: cred.Subject, Fault: f}, "", nil
	case f != nil:
		return platform.Inspection{}, "", f
	}
	if a.Shops != nil {
		alive := true
		in := platform.Inspection{Subject: cred.Subject, Alive: &alive}
		for _, s := range *a.Shops {
			if s.ShopID > 0 {
				in.Shops = append(in.Shops, gk.Shop{ID: s.ShopID.String(), Region: s.Region, Facts: s.facts()})
			}
		}
		next, err := nextPage(reply, a.More)
		return in, next, err
	}
	if a.AuthTime == 0 && a.ExpireTime == 0 && a.Status == "" {
		return platform.Inspection{}, "", &platform.Garbled{Why: "it tells nothing of an authorization"}
	}
	in := a.inspection(app, cred.Subject)
	if cred.Subject.Kind == gk.KindMerchant {
		return in, "1", nil
	}
	in.Shops = []gk.Shop{{ID: in.Subject.ID, Name: in.Subject.Name, Region: in.Subject.Region}}
	return in, "", nil
}

// CensusRequest asks for a page of all living authorizations of one kind, shops where none is named.
func (d driver) CensusRequest(app platform.App, kind, page string) (*platform.Request, error) {
	if page == "" {
		page = "1"
	}
	path := map[string]string{
		"": "/api/v2/public/get_shops_by_partner", gk.KindShop: "/api/v2/public/get_shops_by_partner",
		gk.KindMerchant: "/api/v2/public/get_merchants_by_partner",
	}[kind]
	if path == "" {
		return nil, &platform.BadCall{Field: "kind", Why: "must be shop or merchant"}
	}
	return d.request(app, "api", http.MethodGet, path, platform.Credential{}, paged(page, censusPage), nil)
}

// ReadCensus reads a page of shops or of merchants.
func (d driver) ReadCensus(app platform.App, reply platform.Reply) ([]platform.Inspection, string, error) {
	var a struct {
		Shops     *[]listed `json:"authed_shop_list"`
		Merchants *[]listed `json:"authed_merchant_list"`
		More      bool      `json:"more"`
	}
	f, err := d.readList(app, reply, &a)
	if err != nil {
		return nil, "", err
	}
	if f != nil {
		return nil, "", f
	}
	if a.Shops == nil && a.Merchants == nil {
		return nil, "", &platform.Garbled{Why: "it has no list"} // an empty reading would end every grant
	}
	var found []platform.Inspection
	if a.Shops != nil {
		for _, s := range *a.Shops {
			if s.ShopID > 0 {
				found = append(found, s.inspection(app, gk.Subject{Kind: gk.KindShop, ID: s.ShopID.String()}))
			}
		}
	}
	if a.Merchants != nil {
		for _, m := range *a.Merchants {
			if m.MerchantID > 0 {
				found = append(found, m.inspection(app, gk.Subject{Kind: gk.KindMerchant, ID: m.MerchantID.String()}))
			}
		}
	}
	next, err := nextPage(reply, a.More)
	return found, next, err
}

// readList reads an answer without tokens into a; f is the platform's refusal.
func (d driver) readList(app platform.App, reply platform.Reply, a any) (f *gk.Fault, err error) {
	env, ok := readEnvelope(reply.Body)
	asked := platform.Asked{Stage: platform.StageInspect, Sent: reply.Sent}
	switch {
	case reply.Truncated:
		return nil, &platform.Garbled{Why: "it is longer than what we read"}
	case reply.Status >= 500:
		return nil, &platform.Garbled{Why: "status " + strconv.Itoa(reply.Status), Fault: d.Diagnose(app, asked, reply)}
	case !ok:
		return nil, &platform.Garbled{Why: "not a JSON object", Fault: d.Diagnose(app, asked, reply)}
	case env.Error != nil && *env.Error != "":
		return d.refusal(app, asked, reply, env), nil
	case env.Error == nil && reply.Status >= 400:
		return nil, &platform.Garbled{Why: "status " + strconv.Itoa(reply.Status), Fault: d.Diagnose(app, asked, reply)}
	}
	if err := json.Unmarshal(reply.Body, a); err != nil {
		return nil, &platform.Garbled{Why: "a member has a wrong type"}
	}
	return nil, nil
}

// nextPage names the page after the one that was asked for, which only the request knows.
func nextPage(reply platform.Reply, more bool) (string, error) {
	if !more {
		return "", nil
	}
	page, err := strconv.Atoi(reply.Sent.Get("page_no"))
	if err != nil || page < 1 {
		return "", &platform.Garbled{Why: "there is more, but the request does not say which page this is"}
	}
	return strconv.Itoa(page + 1), nil
}

func (l listed) inspection(app platform.App, s gk.Subject) platform.Inspection {
	for _, name := range []string{l.MerchantName, l.ShopName} {
		if name != "" {
			s.Name = name
		}
	}
	for _, region := range []string{l.MerchantRegion, l.Region} {
		if region != "" {
			s.Region = region
		}
	}
	in := platform.Inspection{Subject: s, Ceiling: l.ExpireTime.Unix(), AuthorizedAt: l.AuthTime.Unix(), Facts: l.facts()}
	alive := in.Ceiling.IsZero() || in.Ceiling.After(app.Now)
	in.Alive = &alive
	return in
}

func (l listed) facts() map[string]string {
	facts := map[string]string{}
	if l.Status != "" {
		facts["status"] = l.Status
	}
	if l.CrossBorder != nil {
		facts["is_cb"] = strconv.FormatBool(*l.CrossBorder)
	}
	if l.SIP != nil {
		facts["is_sip"] = strconv.FormatBool(*l.SIP)
	}
	if l.MerchantID > 0 {
		facts["merchant_id"] = l.MerchantID.String()
	}
	var ids []string
	for _, a := range append(l.Affiliates, l.AffiliateList...) {
		if a.ID > 0 {
			ids = append(ids, a.ID.String())
		}
	}
	if len(ids) > 0 {
		facts["sip_affiliates"] = strings.Join(ids, ",")
	}
	return facts
}
