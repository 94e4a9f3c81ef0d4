package shopify

import (
	"encoding/json"
	"net/http"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

// question asks a store who it is and what the app may do there. It needs no scope.
const question = `{"query":"{ shop { id myshopifyDomain name } currentAppInstallation { accessScopes { handle } } }"}`

// storeID is what stands before a store's number in the GraphQL API.
const storeID = "gid://shopify/Shop/"

// InspectRequest asks the store whose host the grant has.
func (d driver) InspectRequest(app platform.App, cred platform.Credential, _ string) (*platform.Request, error) {
	return d.request(app, cred, platform.Call{
		Method: http.MethodPost, Path: graphqlPath, Header: http.Header{"Accept": {"application/json"}}, Body: []byte(question),
	})
}

// ReadInspection reads the answer. Only a 401 says that the token is dead. A 403 refuses tokens without an end, which can
// still be traded; frozen, locked and paused stores come back with the same grant.
func (d driver) ReadInspection(app platform.App, cred platform.Credential, reply platform.Reply) (platform.Inspection, string, error) {
	in := platform.Inspection{Subject: cred.Subject}
	asked := platform.Asked{Stage: platform.StageInspect, Subject: cred.Subject}
	fault := d.Diagnose(app, asked, reply)
	switch {
	case reply.Status == http.StatusUnauthorized && fault != nil && !answer.OfTheEdge(reply):
		in.Alive, in.Fault = new(bool), fault
		return in, "", nil
	case reply.Status == http.StatusForbidden && !answer.OfTheEdge(reply):
		in.Alive = alive()
		return in, "", nil
	case reply.Status >= 500 || reply.Truncated:
		return platform.Inspection{}, "", &platform.Garbled{Why: "status or length of the answer", Fault: fault}
	}
	var got struct {
		Data struct {
			Shop *struct {
				ID   string `json:"id"`
				Host string `json:"myshopifyDomain"`
				Name string `json:"name"`
			} `json:"shop"`
			Installation *struct {
				Scopes []struct {
					Handle string `json:"handle"`
				} `json:"accessScopes"`
			} `json:"currentAppInstallation"`
		} `json:"data"`
	}
	err := json.Unmarshal(reply.Body, &got)
	switch shop := got.Data.Shop; {
	case fault != nil && (err != nil || shop == nil):
		return platform.Inspection{}, "", fault
	case err != nil || shop == nil:
		return platform.Inspection{}, "", &platform.Garbled{Why: "the answer names no store"}
	case !isID(strings.TrimPrefix(shop.ID, storeID)):
		return platform.Inspection{}, "", &platform.Garbled{Why: "the store's id is not a number"}
	}
	in.Alive = alive()
	in.Subject.Kind, in.Subject.ID = gk.KindShop, strings.TrimPrefix(got.Data.Shop.ID, storeID)
	in.Subject.Name = platform.Words(got.Data.Shop.Name)
	if host, err := d.spec.HostOf("store", got.Data.Shop.Host); err == nil {
		in.Subject.Host = host // a merchant may replace it once; the old one goes on
	}
	in.Shops = []gk.Shop{{ID: in.Subject.ID, Name: in.Subject.Name, Host: in.Subject.Host}}
	if got.Data.Installation != nil {
		for _, s := range got.Data.Installation.Scopes {
			in.Scopes = append(in.Scopes, platform.Words(s.Handle))
		}
	}
	return in, "", nil
}

// isID reports whether s is a store's number: digits, as many as a 64-bit number may have.
func isID(s string) bool {
	return s != "" && len(s) <= 20 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

func alive() *bool { yes := true; return &yes }
