package eleme

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/grantkeep/grantkeep/platform"
)

var _ platform.Prover = driver{}

// Proof tells how a call or a push is signed, and the texts that people sign instead. The secret stands behind the text.
func (d driver) Proof(app platform.App, kind string, in platform.Incoming) (platform.Proof, bool) {
	p := platform.Proof{Keys: app.Secrets["app_secret"], Digest: func(key, text string) string { return digest(text + key) }}
	switch kind {
	case "call":
		call, _, err := readCall(in.Body)
		if err != nil {
			return p, false
		}
		head := call.operation + call.token
		p.Given, p.Text = call.signature, head+sortedPairs(call.values)
		for _, v := range variants(call) {
			p.Slips = append(p.Slips, platform.Slip{Text: head + v.joined, Why: "made wrongly: " + v.why})
		}
		for i, v := range call.values {
			rest := slices.Delete(slices.Clone(call.values), i, i+1)
			p.Slips = append(p.Slips, platform.Slip{Text: head + sortedPairs(rest), Why: "made without " + v.name + ": it was added after it was signed, or left out"})
		}
	case "push":
		members, err := platform.Members(in.Body)
		if err != nil {
			return p, false
		}
		p.Given, p.Text, p.Slips = pushSlips(members, string(in.Body))
	default:
		return p, false
	}
	return p, p.Given != ""
}

// pushSlips returns the signature of a push, the text that it covers, and other texts.
func pushSlips(members []platform.Member, body string) (given, text string, all []platform.Slip) {
	join := func(sep string, sorted bool, value func(json.RawMessage) string, left string) string {
		var pairs []string
		for _, m := range members {
			if m.Name != "signature" && m.Name != left {
				pairs = append(pairs, m.Name+"="+value(m.Value))
			}
		}
		if sorted {
			slices.Sort(pairs)
		}
		return strings.Join(pairs, sep)
	}
	plain := func(raw json.RawMessage) string { v, _ := plainValue(raw); return v }
	asJSON := func(raw json.RawMessage) string { return string(raw) }
	for _, m := range members {
		if m.Name == "signature" {
			given = platform.JSONText(m.Value)
			continue
		}
		all = append(all, platform.Slip{Text: join("", true, plain, m.Name), Why: "made without " + m.Name + ": every member but the signature is signed"})
	}
	text = join("", true, plain, "")
	return given, text, append(all,
		platform.Slip{Text: join("", false, plain, ""), Why: "made over the members in the order of the body: sort them by byte order"},
		platform.Slip{Text: join("", true, asJSON, ""), Why: "made over texts in their quotes: pushes sign the plain values, without quotes"},
		platform.Slip{Text: join("&", true, plain, ""), Why: "made with & between the members: they follow each other without a separator"},
		platform.Slip{Text: join(",", true, plain, ""), Why: "made with commas between the members: they follow each other without a separator"},
		platform.Slip{Text: body, Why: "made over the raw body: pushes sign their members as name=value, sorted"},
	)
}
