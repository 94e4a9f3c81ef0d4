package taobao

import (
	"strings"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

var _ platform.Prover = driver{}

// Proof tells how a call or a request of the platform is signed, and the texts that people sign instead.
func (d driver) Proof(app platform.App, kind string, in platform.Incoming) (platform.Proof, bool) {
	p := platform.Proof{Keys: app.Secrets["app_secret"]}
	var call signedCall
	method := "md5"
	switch kind {
	case "call":
		var err error
		if call, err = readCall(in); err != nil {
			return p, false
		}
		method = call.params.Get("sign_method")
	case "push":
		params, sign, err := spiParams(in)
		if err != nil {
			return p, false
		}
		call = signedCall{params: params, query: len(params), sign: sign}
		if !isForm(in.Header) {
			call.body = string(in.Body)
		}
	default:
		return p, false
	}
	p.Given, p.Body = call.sign, call.body
	p.Text = call.params.Filled().Sorted().Joined("", "") + call.body
	p.Digest = func(key, text string) string { return signature(method, text, key) }
	for _, v := range variants(call) {
		p.Slips = append(p.Slips, platform.Slip{Text: v.text, Why: "made wrongly: " + v.why})
	}
	if kind == "push" {
		names := strings.Split(in.Header.Get("top-sign-list"), ",")
		bare := signing.Pairs{}
		for _, f := range call.params {
			listed := false
			for _, n := range names {
				listed = listed || n == f.Name
			}
			if !listed {
				bare = append(bare, f)
			}
		}
		p.Slips = append(p.Slips,
			platform.Slip{Text: bare.Filled().Sorted().Joined("", "") + call.body, Why: "made without the headers that top-sign-list names"},
			platform.Slip{Text: call.body, Why: "made over the body alone, without the parameters of the address"})
	}
	for _, f := range call.params {
		rest := signing.Pairs{}
		for _, o := range call.params {
			if o.Name != f.Name {
				rest = append(rest, o)
			}
		}
		p.Slips = append(p.Slips, platform.Slip{
			Text: rest.Filled().Sorted().Joined("", "") + call.body, Why: "made without " + f.Name + ": it was added after it was signed, or left out",
		})
	}
	return p, p.Given != ""
}
