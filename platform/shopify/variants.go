package shopify

import (
	"maps"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

var _ platform.Prover = driver{}

// Proof tells how a callback, an opening request or a webhook is signed, and the texts that people sign instead.
func (d driver) Proof(app platform.App, kind string, in platform.Incoming) (platform.Proof, bool) {
	p := platform.Proof{
		Keys:   app.Secrets["client_secret"],
		Others: map[string][]gk.Secret{"client_id": {gk.NewSecret(app.Settings["client_id"])}},
	}
	switch kind {
	case "callback", "install":
		query, err := d.query(in)
		if err != nil {
			return p, false
		}
		pairs := signing.Of(query).Without("hmac")
		p.Digest = signing.HMACLower.Digest
		p.Given, p.Text = query.Get("hmac"), documented(pairs)
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(query)), func(n string) bool { return n == "hmac" })
		p.Slips = append(otherJoins(in.URL, pairs), platform.AddedSlips(names, func(left []string) []string {
			var texts []string
			for _, form := range forms {
				texts = append(texts, form(pairs.Without(left...)))
			}
			return texts
		})...)
	case "push":
		p.Digest = signing.HMACBase64.Digest
		p.Given, p.Text, p.Body = header(in, "Hmac-Sha256"), string(in.Body), string(in.Body)
		for _, around := range []struct{ text, name string }{
			{in.URL, "the address"}, {header(in, "Topic"), "the topic"}, {header(in, "Shop-Domain"), "the shop's domain"}, {app.Settings["client_id"], "the client id"},
		} {
			if around.text != "" {
				p.Slips = append(p.Slips, platform.Slip{
					Text: around.text + p.Body, Why: "made over " + around.name + " and the body: a webhook signs the raw body alone",
				})
			}
		}
		if p.Body != "" {
			p.Slips = append(p.Slips, platform.Slip{Text: "", Why: "made over nothing: the body was read before it was signed"})
		}
	default:
		return p, false
	}
	return p, p.Given != ""
}

// otherJoins are the parameters of an address joined in other ways.
func otherJoins(address string, sorted signing.Pairs) []platform.Slip {
	_, raw, _ := strings.Cut(address, "?")
	arrived := asWritten(address)
	var encoded []string
	for pair := range strings.SplitSeq(raw, "&") {
		if !strings.HasPrefix(pair, "hmac=") {
			encoded = append(encoded, pair)
		}
	}
	return []platform.Slip{
		{Text: arrived.Without("hmac").Joined("=", "&"), Why: "made over the parameters in the order of the address: sort them by name"},
		{Text: strings.Join(encoded, "&"), Why: "made over the address as it is encoded: sort the parameters by name and decode their values"},
		{Text: raw, Why: "made over the whole query, with hmac in it: leave hmac out"},
		{Text: sorted.Joined("", ""), Why: "made without & and = between the parameters"},
		{Text: sorted.Joined("=", ""), Why: "made without & between the parameters"},
		{Text: sorted.Joined(":", "&"), Why: "made with : between names and values"},
		{Text: "?" + sorted.Joined("=", "&"), Why: "made with a question mark in front"},
		{Text: address, Why: "made over the whole address: the sorted parameters alone are wanted"},
	}
}
