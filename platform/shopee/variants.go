package shopee

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

var _ platform.Prover = driver{}

// Proof tells how a call or a push is signed, and the texts that people sign instead.
func (d driver) Proof(app platform.App, kind string, in platform.Incoming) (platform.Proof, bool) {
	p := platform.Proof{Digest: func(key, text string) string { return digest(gk.NewSecret(key), text) }}
	switch kind {
	case "call":
		u, err := url.Parse(in.URL)
		if err != nil {
			return p, false
		}
		q := u.Query()
		partner, _ := strconv.ParseInt(q.Get("partner_id"), 10, 64)
		at, err := strconv.ParseInt(q.Get("timestamp"), 10, 64)
		if err != nil {
			return p, false
		}
		b := base{partner: partner, path: u.Path, at: time.Unix(at, 0)}
		if d.spec.Facts.Permit(u.Path) == "grant" {
			b.token, b.id = gk.NewSecret(q.Get("access_token")), q.Get("shop_id")+q.Get("merchant_id")
		}
		p.Given, p.Text, p.Keys = q.Get("sign"), b.text(), app.Secrets["partner_key"]
		p.Others = map[string][]gk.Secret{"push_key": app.Secrets["push_key"]}
		for _, m := range mistakes(in, u, b) {
			p.Slips = append(p.Slips, platform.Slip{Text: m.text, Why: strings.TrimPrefix(m.why, "is ")})
		}
		p.Slips = append(p.Slips, added(in, q, b)...)
	case "push":
		got := in.Header.Values("Authorization")
		if len(got) != 1 {
			return p, false
		}
		p.Given, p.Body, p.Text = got[0], string(in.Body), app.PushURL+"|"+string(in.Body)
		p.Keys = append(append(p.Keys, app.Secrets["push_key"]...), app.Secrets["partner_key"]...)
		p.Slips = platform.AddressSlips(app.PushURL, in.URL, string(in.Body), "|")
	default:
		return p, false
	}
	return p, p.Given != ""
}

// longestExtra bounds how many further values of a request are tried.
const longestExtra = 10

// added are the right text and the public one with further values of the request behind them, one or two.
func added(in platform.Incoming, q url.Values, b base) []platform.Slip {
	type value struct{ name, text string }
	var extra []value
	members, err := platform.Members(in.Body)
	if err == nil {
		for _, m := range members {
			if text := platform.JSONText(m.Value); text != "" && len(extra) < longestExtra {
				extra = append(extra, value{m.Name, text})
			} else if json.Valid(m.Value) && len(extra) < longestExtra {
				extra = append(extra, value{m.Name, string(m.Value)})
			}
		}
	}
	for name := range q {
		if name != "sign" && len(extra) < 2*longestExtra {
			extra = append(extra, value{name, q.Get(name)})
		}
	}
	public := b
	public.token, public.id = gk.Secret{}, ""
	var all []platform.Slip
	tell := func(text, names string) {
		all = append(all, platform.Slip{Text: text, Why: "made over " + names + " too, which this path does not sign: " +
			"a public path signs partner_id, path and timestamp, a shop's or merchant's path access_token and the id behind them"})
	}
	for _, base := range []string{b.text(), public.text()} {
		for _, one := range extra {
			tell(base+one.text, one.name)
			for _, two := range extra {
				if two.name != one.name {
					tell(base+one.text+two.text, one.name+" and "+two.name)
				}
			}
		}
	}
	return all
}
