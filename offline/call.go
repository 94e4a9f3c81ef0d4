package offline

import (
	"encoding/json"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// callMembers are the members that a call may have.
var callMembers = []string{
	"method", "path", "query", "headers", "body", "operation", "params", "id", "sign_method", "system", "shop",
}

// ReadCall reads a call as a caller writes it, the member that a line of `request` has, more strictly than a line: no
// member unknown, none twice. Its errors hold no value of the caller.
func ReadCall(text []byte) (platform.Call, error) {
	members, err := platform.Members(text)
	if err != nil {
		return platform.Call{}, &platform.BadCall{Field: "call", Why: "must be a JSON object of " + strings.Join(callMembers, ", ") + ": it is " + err.Error()}
	}
	for _, m := range members {
		if !slices.Contains(callMembers, m.Name) {
			return platform.Call{}, &platform.BadCall{Field: "call", Why: "holds a member that a call does not have; it may have " + strings.Join(callMembers, ", ")}
		}
	}
	var c call
	if err := json.Unmarshal(text, &c); err != nil {
		return platform.Call{}, &platform.BadCall{Field: "call", Why: unreadable(err).Error()}
	}
	if len(c.ID) > 1 || len(c.Shop) > 1 {
		return platform.Call{}, &platform.BadCall{Field: "call", Why: "holds a list where one value belongs"}
	}
	return c.noun(), nil
}

func (c call) noun() platform.Call {
	return platform.Call{
		Method: c.Method, Path: c.Path, Query: valuesOf(c.Query), Header: headerOf(c.Headers), Body: c.Body,
		Operation: c.Operation, Params: c.Params, SignMethod: c.SignMethod, ID: c.ID.one(), System: valuesOf(c.System), Shop: c.Shop.one(),
	}
}

// Printed is a request as `request` prints it.
type Printed struct {
	Method     string            `json:"method"`
	URL        string            `json:"url"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
	BodyBase64 string            `json:"body_base64,omitempty"` // instead of body, where that is not text
	Expires    *gk.Time          `json:"expires_at,omitempty"`
	Signature  string            `json:"signature,omitempty"`
	SignedText string            `json:"signed_text,omitempty"`
}

// Print writes a request for whoever will send it: the app's secrets are hidden, what the request carries is not.
func Print(app platform.App, r *platform.Request) Printed {
	var secrets []gk.Secret
	for _, values := range app.Secrets {
		secrets = append(secrets, values...)
	}
	o := printed(r, mask{})
	o.SignedText = maskOf(secrets...).in(o.SignedText)
	return o
}

// PrintMasked is Print with the app's secrets and those given hidden everywhere, for a request that nobody else will send.
func PrintMasked(app platform.App, r *platform.Request, secrets ...gk.Secret) Printed {
	for _, values := range app.Secrets {
		secrets = append(secrets, values...)
	}
	return printed(r, maskOf(secrets...))
}
