package taobao

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// Receive checks a request of the platform to the vendor (SPI): the upper-case hex MD5 of secret, sorted parameters of
// query and form and of the headers that top-sign-list names, raw body, secret; sign stands in the query. What such a
// request means is the vendor's business, so the notice is of kind other; messages come by the pull channel.
func (d driver) Receive(app platform.App, in platform.Incoming) (platform.Delivery, error) {
	params, sign, err := spiParams(in)
	if err != nil {
		return platform.Delivery{}, err
	}
	text := params.Sorted().Joined("", "")
	if !isForm(in.Header) {
		text += string(in.Body)
	}
	match, err := signing.MD5Around.Prove(app, text, sign, "app_secret")
	if err != nil {
		return platform.Delivery{Answer: spiAnswer(in.Header, false)}, platform.ErrForged
	}
	notice := platform.Notice{Kind: platform.NoticeOther, Dedup: platform.DedupOf(text)}
	if at, err := time.ParseInLocation(time.DateTime, params.Get("timestamp"), china); err == nil {
		notice.At = at.UTC()
	}
	return platform.Delivery{Notices: []platform.Notice{notice}, Answer: spiAnswer(in.Header, true), Matched: match.Setting}, nil
}

// spiParams collects the signed parameters. A name that stands twice would let a request mean two things.
func spiParams(in platform.Incoming) (params signing.Pairs, sign string, err error) {
	bad := func(why string) error { return &platform.BadCallback{Why: "taobao: push: " + why} }
	u, err := url.Parse(in.URL)
	if err != nil {
		return nil, "", bad("address cannot be read")
	}
	sources := []string{u.RawQuery}
	if isForm(in.Header) {
		sources = append(sources, string(in.Body))
	}
	seen := make(map[string]bool)
	for _, source := range sources {
		values, err := url.ParseQuery(source)
		if err != nil {
			return nil, "", bad("parameters cannot be read")
		}
		for name, list := range values {
			if len(list) > 1 || seen[name] {
				return nil, "", bad("a parameter stands there twice")
			}
			seen[name] = true
			if name == "sign" {
				sign = list[0]
				continue
			}
			if list[0] != "" { // the SDK signs no empty value
				params = append(params, signing.Pair{Name: name, Value: list[0]})
			}
		}
	}
	for name := range strings.SplitSeq(in.Header.Get("top-sign-list"), ",") {
		if name == "" || seen[name] {
			continue
		}
		seen[name] = true
		if value, err := url.QueryUnescape(in.Header.Get(name)); err == nil && value != "" {
			params = append(params, signing.Pair{Name: name, Value: value})
		}
	}
	return params, sign, nil
}

func isForm(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

// spiAnswer is what public receivers of such requests answer (2017 to 2023); the platform publishes no common form.
func spiAnswer(h http.Header, ok bool) platform.Answer {
	flag, code, text := "success", "0", "ok"
	if !ok {
		flag, code, text = "failure", "sign-check-failure", "Illegal request"
	}
	if strings.Contains(h.Get("Content-Type"), "xml") {
		return platform.Answer{
			Status: http.StatusOK, ContentType: "text/xml; charset=utf-8",
			Body: []byte("<response><flag>" + flag + "</flag><code>" + code + "</code><message>" + text + "</message></response>"),
		}
	}
	return platform.Answer{
		Status: http.StatusOK, ContentType: "application/json; charset=utf-8",
		Body: []byte(`{"flag":"` + flag + `","code":"` + code + `","message":"` + text + `"}`),
	}
}
