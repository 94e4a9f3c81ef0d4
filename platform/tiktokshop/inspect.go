package tiktokshop

import (
	"encoding/json"
	"net/http"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// InspectRequest lists the shops of a seller, or the category assets of a partner. Nothing lists a creator's grant; the
// question about shops then tells by its error whether the token lives.
func (d driver) InspectRequest(app platform.App, cred platform.Credential, _ string) (*platform.Request, error) {
	path := shopsPath
	if cred.Facts["user_type"] == partnerType {
		path = assetsPath
	}
	return d.request(app, cred, platform.Call{Method: http.MethodGet, Path: path})
}

// ReadInspection reads the list. A token that the platform does not accept is not alive; one that may not ask this is.
func (d driver) ReadInspection(app platform.App, cred platform.Credential, reply platform.Reply) (platform.Inspection, string, error) {
	in := platform.Inspection{Subject: cred.Subject}
	asked := platform.Asked{Stage: platform.StageInspect, Subject: cred.Subject}
	e := readEnvelope(reply.Body)
	if fault := d.Diagnose(app, asked, reply); fault != nil {
		switch {
		case !e.ok || reply.Truncated:
			return platform.Inspection{}, "", &platform.Garbled{Why: "the answer has no code", Fault: fault}
		case fault.Terminal || d.spec.TokenRefused(fault):
			in.Alive, in.Fault = new(bool), fault
			return in, "", nil
		case fault.Row == wrongKind && cred.Facts["user_type"] == creatorType:
			in.Alive = alive()
			return in, "", nil
		}
		return platform.Inspection{}, "", fault
	}
	var got struct {
		Data *struct {
			Shops []struct {
				ID         text `json:"id"`
				Name       text `json:"name"`
				Region     text `json:"region"`
				SellerType text `json:"seller_type"`
				Cipher     text `json:"cipher"`
				Code       text `json:"code"`
			} `json:"shops"`
			Assets []struct {
				Cipher   text `json:"cipher"`
				Market   text `json:"target_market"`
				Category struct {
					ID   text `json:"id"`
					Name text `json:"name"`
				} `json:"category"`
			} `json:"category_assets"`
		} `json:"data"`
	}
	if !e.ok || reply.Truncated || json.Unmarshal(reply.Body, &got) != nil || got.Data == nil {
		return platform.Inspection{}, "", &platform.Garbled{Why: "the answer lists neither shops nor assets"}
	}
	in.Alive = alive()
	for _, s := range got.Data.Shops {
		if s.ID == "" {
			return platform.Inspection{}, "", &platform.Garbled{Why: "a shop has no id"}
		}
		in.Shops = append(in.Shops, gk.Shop{ID: string(s.ID), Name: string(s.Name), Region: string(s.Region),
			Facts: filled("cipher", s.Cipher, "code", s.Code, "seller_type", s.SellerType)})
	}
	for _, a := range got.Data.Assets {
		in.Shops = append(in.Shops, gk.Shop{ID: strings.Trim(string(a.Market)+":"+string(a.Category.ID), ":"), Name: string(a.Category.Name),
			Region: string(a.Market), Facts: filled("cipher", a.Cipher)})
	}
	return in, "", nil
}

// wrongKind is the row with which a living token of another kind of account is refused.
const wrongKind = "call/105001#2"

// filled returns the named facts that are not empty.
func filled(pairs ...text) map[string]string {
	facts := make(map[string]string)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			facts[string(pairs[i])] = string(pairs[i+1])
		}
	}
	return facts
}

// text is a text that may be written as a number, without what a page or a database could stumble over.
type text string

// UnmarshalJSON reads a text or a number; anything else is empty.
func (t *text) UnmarshalJSON(b []byte) error {
	*t = text(platform.Words(platform.JSONText(b)))
	return nil
}

func alive() *bool { yes := true; return &yes }
