package tiktokshop

import (
	"net/url"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

var _ platform.Prover = driver{}

// Proof tells how a call or a push is signed, and the texts that people sign instead.
func (d driver) Proof(app platform.App, kind string, in platform.Incoming) (platform.Proof, bool) {
	p := platform.Proof{
		Keys:   app.Secrets["app_secret"],
		Others: map[string][]gk.Secret{"app_key": {gk.NewSecret(app.Settings["app_key"])}},
	}
	switch kind {
	case "call":
		u, err := url.Parse(in.URL)
		if err != nil {
			return p, false
		}
		query, err := url.ParseQuery(u.RawQuery)
		if err != nil {
			return p, false
		}
		mediaType := in.Header.Get("Content-Type")
		p.Digest = recipe.Digest
		p.Given, p.Text = query.Get("sign"), signedText(u.EscapedPath(), query, mediaType, in.Body)
		if !multipart(mediaType) {
			p.Body = string(in.Body)
		}
		for _, m := range mistakes(in, u, query, mediaType) {
			p.Slips = append(p.Slips, platform.Slip{Text: m.text, Why: strings.TrimPrefix(m.why, "is ")})
		}
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
