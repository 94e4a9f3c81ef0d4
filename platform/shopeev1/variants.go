package shopeev1

import (
	"net/url"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

var _ platform.Prover = driver{}

// Proof tells how a call or a push is signed, and the texts that people sign instead.
func (d driver) Proof(app platform.App, kind string, in platform.Incoming) (platform.Proof, bool) {
	p := platform.Proof{Digest: func(key, text string) string { return digest(gk.NewSecret(key), text) }, Body: string(in.Body)}
	got := in.Header.Values("Authorization")
	if len(got) != 1 || got[0] == "" {
		return p, false
	}
	p.Given = got[0]
	switch kind {
	case "call":
		u, err := url.Parse(in.URL)
		if err != nil {
			return p, false
		}
		p.Text, p.Keys = in.URL+"|"+string(in.Body), app.Secrets["partner_key"]
		p.Others = map[string][]gk.Secret{"push_key": app.Secrets["push_key"]}
		for _, m := range mistakes(in, u) {
			p.Slips = append(p.Slips, platform.Slip{Text: m.text, Why: strings.TrimPrefix(m.why, "is ")})
		}
		p.Slips = append(p.Slips, ofV2(u, in.Body)...)
		p.Slips = append(p.Slips, platform.AddressSlips(in.URL, in.URL, string(in.Body), "|")...)
	case "push":
		p.Text = app.PushURL + "|" + string(in.Body)
		p.Keys = append(append(p.Keys, app.Secrets["push_key"]...), app.Secrets["partner_key"]...)
		p.Slips = platform.AddressSlips(app.PushURL, in.URL, string(in.Body), "|")
	default:
		return p, false
	}
	return p, true
}

// ofV2 are the texts of the recipe of v2: partner_id, path, timestamp and perhaps the shop.
func ofV2(u *url.URL, body []byte) []platform.Slip {
	obj := platform.JSONObject(body)
	start := platform.JSONText(obj["partner_id"]) + u.Path + platform.JSONText(obj["timestamp"])
	const why = "made by the recipe of v2 (partner_id, path, timestamp): v1 signs the whole address, a vertical bar and the body"
	return []platform.Slip{{Text: start, Why: why}, {Text: start + platform.JSONText(obj["shopid"]), Why: why}}
}
