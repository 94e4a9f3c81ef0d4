package douyin

import (
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

var _ platform.Prover = driver{}

// Proof tells how a call or a push is signed, and the texts that people sign instead. Which digest is right stands in
// the call itself, for pushes in a setting.
func (d driver) Proof(app platform.App, kind string, in platform.Incoming) (platform.Proof, bool) {
	p := platform.Proof{
		Keys:   app.Secrets["app_secret"],
		Others: map[string][]gk.Secret{"app_key": {gk.NewSecret(app.Settings["app_key"])}},
	}
	switch kind {
	case "call":
		call, err := readCall(in)
		recipe, known := recipes[call.method]
		if err != nil || !known {
			return p, false
		}
		p.Digest = recipe.Digest
		p.Given, p.Text, p.Body = call.sign, call.text(call.params), call.params
		for _, params := range call.accepted() {
			for _, v := range call.variants(params) {
				p.Slips = append(p.Slips, platform.Slip{Text: v.text, Why: "made wrongly: " + v.why})
			}
		}
	case "push":
		key, body := app.Settings["app_key"], string(in.Body)
		recipe, known := pushRecipes[d.pushAlgorithm(app)]
		if !known {
			return p, false
		}
		p.Digest = recipe.Digest
		p.Given, p.Text, p.Body = strings.TrimSpace(in.Header.Get("event-sign")), key+body, body
		p.Slips = platform.KeyedBodySlips(key, in.URL, body)
	default:
		return p, false
	}
	return p, p.Given != ""
}
