package shoplazza

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/grantkeep/grantkeep/platform"
)

var _ platform.Prover = driver{}

// Proof tells how a callback, an install request or a webhook is signed, and the texts that people sign instead.
func (d driver) Proof(app platform.App, kind string, in platform.Incoming) (platform.Proof, bool) {
	p := platform.Proof{Keys: app.Secrets["client_secret"]}
	sum := func(key, text string) []byte {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	switch kind {
	case "callback", "install":
		query, err := d.query(in)
		if err != nil || query.Get("hmac") == "" {
			return p, false
		}
		p.Digest = func(key, text string) string { return hex.EncodeToString(sum(key, text)) }
		p.Given = query.Get("hmac")
		rest := maps.Clone(query)
		delete(rest, "hmac")
		p.Text, p.Slips = rawJoin(rest), querySlips(query, in.URL)
	case "push":
		p.Digest = func(key, text string) string { return base64.StdEncoding.EncodeToString(sum(key, text)) }
		p.Given, p.Text, p.Body = in.Header.Get("X-Shoplazza-Hmac-Sha256"), string(in.Body), string(in.Body)
		p.Slips = []platform.Slip{
			{Text: in.URL + p.Body, Why: "made over the address and the body: a webhook signs the raw body alone"},
			{Text: in.Header.Get("X-Shoplazza-Topic") + p.Body, Why: "made over the topic and the body: a webhook signs the raw body alone"},
			{Text: "", Why: "made over nothing: the body was read before it was signed"},
		}
	default:
		return p, false
	}
	return p, p.Given != ""
}

// querySlips are other texts of a query: without a parameter that somebody added on the way, unsorted, encoded, joined
// in another way.
func querySlips(query url.Values, address string) []platform.Slip {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(query)), func(n string) bool { return n == "hmac" })
	all := platform.AddedSlips(names, func(left []string) []string {
		rest := maps.Clone(query)
		for _, name := range append(left, "hmac") {
			delete(rest, name)
		}
		return []string{rawJoin(rest), rest.Encode()}
	})
	_, raw, _ := strings.Cut(address, "?")
	var inOrder, pairs []string
	for pair := range strings.SplitSeq(raw, "&") {
		if !strings.HasPrefix(pair, "hmac=") && pair != "" {
			inOrder = append(inOrder, pair)
			name, value, _ := strings.Cut(pair, "=")
			if v, err := url.QueryUnescape(value); err == nil {
				pairs = append(pairs, name+"="+v)
			}
		}
	}
	rest := maps.Clone(query)
	delete(rest, "hmac")
	sorted := rawJoin(rest)
	return append(all,
		platform.Slip{Text: strings.Join(pairs, "&"), Why: "made over the parameters in the order of the address: sort them by name"},
		platform.Slip{Text: strings.Join(inOrder, "&"), Why: "made over the address as it is encoded: sort the parameters by name and decode their values"},
		platform.Slip{Text: raw, Why: "made over the whole query, with hmac in it: leave hmac out"},
		platform.Slip{Text: rawJoin(query), Why: "made with hmac in the text: leave it out"},
		platform.Slip{Text: strings.ReplaceAll(sorted, "&", ""), Why: "made without & between the parameters"},
		platform.Slip{Text: strings.NewReplacer("&", "", "=", "").Replace(sorted), Why: "made without & and = between the parameters"},
		platform.Slip{Text: "?" + sorted, Why: "made with a question mark in front"},
		platform.Slip{Text: address, Why: "made over the whole address: the sorted parameters alone are wanted"},
		platform.Slip{Text: strings.ReplaceAll(rest.Encode(), "+", "%20"), Why: "made over values that are encoded: sign them decoded"},
	)
}
