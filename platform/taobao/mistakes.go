package taobao

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/platform/signing"
)

// mistake is one way to sign wrongly: what to tell, and the signature that it yields.
type mistake struct{ why, sign string }

// explain returns the first known mistake that yields the signature; empty if none does.
func explain(call signedCall, method, secret string) string {
	for _, m := range mistakes(call, method, secret) {
		if strings.EqualFold(m.sign, call.sign) {
			return m.why
		}
	}
	return ""
}

func mistakes(call signedCall, method, secret string) []mistake {
	right := call.params.Filled().Sorted().Joined("", "") + call.body
	list := []mistake{{"the digest is in lower case; the platform compares upper-case hex", signature(method, right, secret)}}
	for _, other := range methods {
		if other != method {
			list = append(list, mistake{"signed with " + other + ", but sign_method says " + method, signature(other, right, secret)})
			// sign_method itself is signed, so it may have been the other one then.
			said := slices.Clone(call.params)
			said.Set("sign_method", other)
			list = append(list, mistake{"signed with " + other + " and under that name, but sign_method says " + method,
				signature(other, said.Filled().Sorted().Joined("", "")+call.body, secret)})
		}
	}
	if method == "md5" {
		list = append(list,
			mistake{"the secret stands in front only; md5 wants it on both sides", digest(secret + right)},
			mistake{"the secret stands at the end only; md5 wants it on both sides", digest(right + secret)},
			mistake{"the secret is missing", digest(right)},
			mistake{"plain SHA-256 was used; sign_method says md5", plainSHA(secret + right + secret)})
	} else {
		list = append(list,
			mistake{"the secret is part of the text as well; for HMAC it is the key only", signature(method, secret+right+secret, secret)},
			mistake{"a plain digest with the secret on both sides was used; sign_method says " + method, plainSHA(secret + right + secret)},
			mistake{"key and text of the HMAC are swapped", swapped(method, right, secret)})
	}
	for _, v := range variants(call) {
		list = append(list, mistake{v.why, signature(method, v.text, secret)})
	}
	return list
}

func plainSHA(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func swapped(method, text, secret string) string {
	hash := sha256.New
	if method == "hmac" {
		hash = md5.New
	}
	mac := hmac.New(hash, []byte(text))
	mac.Write([]byte(secret))
	return hex.EncodeToString(mac.Sum(nil))
}

type variant struct{ why, text string }

// variants are other texts that people sign.
func variants(call signedCall) []variant {
	f := call.params.Filled()
	folded, pairs := slices.Clone(f), slices.Clone(f)
	slices.SortStableFunc(folded, func(a, b signing.Pair) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	slices.SortStableFunc(pairs, func(a, b signing.Pair) int { return strings.Compare(a.Name+a.Value, b.Name+b.Value) })
	without := func(names ...string) string {
		return f.Without(names...).Sorted().Joined("", "") + call.body
	}
	each := func(change func(string) string) string {
		g := slices.Clone(f)
		for i := range g {
			g[i].Value = change(g[i].Value)
		}
		return g.Sorted().Joined("", "") + call.body
	}
	separated := func(equals, between string) string {
		return f.Sorted().Joined(equals, between) + call.body
	}
	list := []variant{
		{"the parameters are not sorted; sort them by the byte order of their names", f.Joined("", "") + call.body},
		{"the parameters are sorted without regard to case; sort by byte order, upper case before lower", folded.Joined("", "") + call.body},
		{"the parameters are sorted by name and value together; sort by name alone", pairs.Joined("", "") + call.body},
		{"values are URL-encoded in the signed text; sign them raw", each(url.QueryEscape)},
		{"values are URL-encoded in the signed text; sign them raw", each(signing.Escape)},
		{"the parameters are joined with = and &; names and values follow each other without separators", separated("=", "&")},
		{"the parameters are joined with =; names and values follow each other without separators", separated("=", "")},
		{"the parameters are joined with &; names and values follow each other without separators", separated("", "&")},
		{"session is missing in the signed text; every text parameter is signed", without("session")},
		{"sign_method is missing in the signed text; every text parameter is signed", without("sign_method")},
		{"timestamp is missing in the signed text; every text parameter is signed", without("timestamp")},
		{"only the parameters of the query were signed; sign those of the body as well", call.params[:call.query].Filled().Sorted().Joined("", "") + call.body},
		{"only the parameters of the body were signed; sign those of the query as well", call.params[call.query:].Filled().Sorted().Joined("", "") + call.body},
		{"the timestamp was signed in another form than sent; sign the text that is sent", each(otherClock(call.params.Get("timestamp")))},
	}
	if call.body != "" {
		list = append(list, variant{"the raw body is missing behind the parameters", f.Sorted().Joined("", "")})
	}
	return list
}

// otherClock turns the timestamp's text into epoch milliseconds, or the other way, and leaves other values alone.
func otherClock(timestamp string) func(string) string {
	other := timestamp
	if at, err := time.ParseInLocation(time.DateTime, timestamp, china); err == nil {
		other = strconv.FormatInt(at.UnixMilli(), 10)
	} else if n, err := strconv.ParseInt(timestamp, 10, 64); err == nil {
		other = time.UnixMilli(n).In(china).Format(time.DateTime)
	}
	return func(value string) string {
		if value == timestamp {
			return other
		}
		return value
	}
}
