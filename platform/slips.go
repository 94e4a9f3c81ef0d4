package platform

import (
	"net/url"
	"strings"
)

// AddressSlips are the texts that people sign instead of a registered address, a separator and the raw body.
func AddressSlips(registered, called, body, separator string) []Slip {
	var all []Slip
	address := func(text, why string) {
		if text != "" && text != registered {
			all = append(all, Slip{text + separator + body, why})
		}
	}
	for _, base := range []string{registered, called} {
		u, err := url.Parse(base)
		if err != nil || u.Host == "" {
			continue
		}
		change := func(f func(*url.URL), why string) {
			v := *u
			f(&v)
			address(v.String(), why+v.String())
		}
		const over = "made over another spelling of the address, not the registered one: "
		for _, scheme := range []string{"http", "https"} {
			for _, host := range []string{u.Host, strings.TrimPrefix(u.Host, "www."), "www." + u.Host, u.Hostname(), u.Hostname() + ":443", u.Hostname() + ":80", strings.ToLower(u.Host)} {
				for _, path := range []string{u.Path, strings.TrimSuffix(u.Path, "/"), u.Path + "/", strings.ToLower(u.Path)} {
					change(func(v *url.URL) { v.Scheme, v.Host, v.Path, v.RawPath = scheme, host, path, "" }, over)
					change(func(v *url.URL) { v.Scheme, v.Host, v.Path, v.RawPath, v.RawQuery = scheme, host, path, "", "" }, over+"without its query, ")
				}
			}
		}
		address(u.RequestURI(), "made over the path of the address alone: the whole registered address is wanted")
		address(u.Path, "made over the path of the address alone: the whole registered address is wanted")
		address(u.Host+u.RequestURI(), "made over the address without its scheme")
		address(u.Host, "made over the host of the address alone")
		address(u.Scheme+"://"+u.Host, "made over the address without its path")
		address(url.QueryEscape(base), "made over the address URL-encoded: sign it as it is registered")
	}
	address(called, "made over the address that was called, not the registered one: "+called)
	all = append(all,
		Slip{body, "made over the body alone, without the address: the registered address and " + separator + " stand in front of it"},
		Slip{registered, "made over the address alone, without the body"},
		Slip{registered + separator, "made without the body"},
		Slip{separator + body, "made without the address (the address is left out)"},
		Slip{registered + body, "made without the separator " + separator + " between address and body"},
		Slip{body + separator + registered, "made over body and address in the other order"},
		Slip{body + registered, "made over body and address in the other order, without " + separator},
	)
	for _, s := range []string{"|", "&", ",", " ", "\n", ":", "?", "||", " | "} {
		if s != separator {
			all = append(all, Slip{registered + s + body, "made with another separator than " + separator + " between address and body"})
		}
	}
	return all
}

// KeyedBodySlips are the texts that people sign instead of the app's key with the raw body behind it.
func KeyedBodySlips(key, called, body string) []Slip {
	return []Slip{
		{body, "made over the body alone: the app key stands in front of it"},
		{body + key, "made with the app key behind the body: it stands in front"},
		{key, "made over the app key alone, without the body"},
		{called + "|" + body, "made over the address and the body: the app key and the body are signed, no address"},
		{called + body, "made over the address and the body: the app key and the body are signed, no address"},
		{key + called + body, "made over the address too: the app key and the body are signed, no address"},
		{key + "|" + body, "made with a separator between app key and body: they follow each other without any"},
		{key + "&" + body, "made with a separator between app key and body: they follow each other without any"},
		{key + "\n" + body, "made with a separator between app key and body: they follow each other without any"},
	}
}

// mostNames and mostLeft bound which parameters are left out, and how many at a time.
const (
	mostNames = 12
	mostLeft  = 3
)

// AddedSlips are the texts of a query from which up to three parameters are left out: what a mail tool or a proxy adds
// to an address was not there when it was signed. text writes what is signed without the names given, in one form or
// several.
func AddedSlips(names []string, text func(left []string) []string) []Slip {
	names = names[:min(len(names), mostNames)]
	var all []Slip
	var leave func(from int, left []string)
	leave = func(from int, left []string) {
		for i := from; i < len(names); i++ {
			out := append(left[:len(left):len(left)], names[i])
			why := ": it was added to the address after it was signed, or must not be signed"
			if len(out) > 1 {
				why = ": they were added to the address after it was signed, or must not be signed"
			}
			for _, t := range text(out) {
				all = append(all, Slip{t, "right without " + Words(strings.Join(out, " and ")) + why})
			}
			if len(out) < mostLeft {
				leave(i+1, out)
			}
		}
	}
	leave(0, nil)
	return all
}
