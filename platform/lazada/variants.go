package lazada

import (
	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

var _ platform.Prover = driver{}

// Proof tells how a call or a push is signed, and the texts that people sign instead. Calls have their digest in
// capitals, pushes in lower case.
func (d driver) Proof(app platform.App, kind string, in platform.Incoming) (platform.Proof, bool) {
	p := platform.Proof{
		Keys:   app.Secrets["app_secret"],
		Others: map[string][]gk.Secret{"app_key": {gk.NewSecret(app.Settings["app_key"])}},
	}
	switch kind {
	case "call":
		call, err := readCall(in)
		if err != nil {
			return p, false
		}
		p.Digest = signing.HMACUpper.Digest
		p.Given, p.Text = call.sign, call.path+call.params.Filled().Sorted().Joined("", "")
		for _, v := range variants(call, call.params.Filled()) {
			p.Slips = append(p.Slips, platform.Slip{Text: v.text, Why: "made wrongly: " + v.why})
		}
		var names []string
		for _, pair := range call.params {
			names = append(names, pair.Name)
		}
		p.Slips = append(p.Slips, platform.AddedSlips(names, func(left []string) []string {
			return []string{call.path + call.params.Without(left...).Filled().Sorted().Joined("", "")}
		})...)
	case "push":
		key, body := app.Settings["app_key"], string(in.Body)
		p.Digest = signing.HMACLower.Digest
		p.Given, p.Text, p.Body = in.Header.Get("Authorization"), key+body, body
		p.Slips = platform.KeyedBodySlips(key, in.URL, body)
	default:
		return p, false
	}
	return p, p.Given != ""
}
