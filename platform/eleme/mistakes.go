package eleme

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// mistake is one way to sign wrongly: what to tell, and the signature that it yields.
type mistake struct {
	why       string
	signature string
}

// explain returns the first known mistake that yields the signature; empty if none does.
func explain(call signedCall, secret string) string {
	for _, m := range mistakes(call, secret) {
		if strings.EqualFold(m.signature, call.signature) {
			return m.why
		}
	}
	return ""
}

func mistakes(call signedCall, secret string) []mistake {
	head, pairs := call.operation+call.token, sortedPairs(call.values)
	mac := hmac.New(md5.New, []byte(secret))
	mac.Write([]byte(head + pairs))
	params := call.values[call.metas:]
	list := []mistake{
		{"the digest is in lower case; the platform compares upper-case hex", digest(head + pairs + secret)},
		{"HMAC-MD5 was used; the platform wants plain MD5 of the text with the secret behind it", hex.EncodeToString(mac.Sum(nil))},
		{"the secret is missing at the end of the signed text", digest(head + pairs)},
		{"the secret stands in front as well; it belongs at the end only", digest(secret + head + pairs + secret)},
		{"the secret stands in front; it belongs at the end", digest(secret + head + pairs)},
		{"the token is missing in the signed text; it follows the action", digest(call.operation + pairs + secret)},
		{"the action is missing in the signed text; it stands first", digest(call.token + pairs + secret)},
		{"token and action are swapped; the action stands first", digest(call.token + call.operation + pairs + secret)},
		{"metas are missing in the signed text; they are sorted among the params", digest(head + sortedPairs(params) + secret)},
		{"params are missing in the signed text", digest(head + sortedPairs(call.values[:call.metas]) + secret)},
		{"metas and params were sorted apart; sort them together", digest(head + sortedPairs(call.values[:call.metas]) + sortedPairs(params) + secret)},
		{"metas and params were sorted apart; sort them together", digest(head + sortedPairs(params) + sortedPairs(call.values[:call.metas]) + secret)},
	}
	for _, sep := range []string{"&", ",", "\n", " "} {
		list = append(list, mistake{"the pairs are joined with a separator; they follow each other without one", digest(head + joinSorted(call.values, sep) + secret)})
	}
	for _, variant := range variants(call) {
		list = append(list, mistake{variant.why, digest(head + variant.joined + secret)})
	}
	return list
}

type variant struct{ why, joined string }

// variants are other texts between token and secret.
func variants(call signedCall) []variant {
	unsorted := ""
	for _, v := range call.values {
		unsorted += v.name + "=" + v.text
	}
	folded := slices.Clone(call.values)
	slices.SortStableFunc(folded, func(a, b value) int { return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) })
	foldedText := ""
	for _, v := range folded {
		foldedText += v.name + "=" + v.text
	}
	each := func(change func(value) string) string {
		changed := make([]value, len(call.values))
		for i, v := range call.values {
			changed[i] = value{v.name, change(v)}
		}
		return sortedPairs(changed)
	}
	return []variant{
		{"the pairs are not sorted; sort them by byte order", unsorted},
		{"the pairs are sorted without regard to case; sort by byte order, upper case before lower", foldedText},
		{"the text in the body was signed, with its blanks or escapes; sign compact JSON with characters as themselves", sortedPairs(call.raw)},
		{"texts are signed without their quotes; sign the JSON of each value", each(func(v value) string { return strings.Trim(v.text, `"`) })},
		{"non-ASCII characters are signed as \\u escapes; sign them as themselves", each(func(v value) string { return escaped(v.text) })},
		{"the JSON that was signed has blanks after commas and colons; sign compact JSON", each(func(v value) string { return spaced(v.text) })},
		{"the JSON that was signed has blanks and \\u escapes; sign compact JSON with characters as themselves", each(func(v value) string {
			return escaped(spaced(v.text))
		})},
		{"slashes are escaped in the signed text; sign / as itself", each(func(v value) string { return strings.ReplaceAll(v.text, "/", `\/`) })},
		{"slashes and non-ASCII characters are escaped in the signed text; sign them as themselves", each(func(v value) string {
			return escaped(strings.ReplaceAll(v.text, "/", `\/`))
		})},
		{"< > & are escaped in the signed text (encoding/json does so by default); sign them as themselves", each(func(v value) string {
			return strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`).Replace(v.text)
		})},
		{"values are URL-encoded in the signed text; sign them as they are", each(func(v value) string { return url.QueryEscape(v.text) })},
		{"another unit of time was signed than sent; sign metas.timestamp exactly as it is sent", each(func(v value) string { return otherUnit(call, v) })},
		{"the timestamp was signed as a text; sign the number that is sent", each(func(v value) string {
			if v.name == "timestamp" {
				return `"` + strings.Trim(v.text, `"`) + `"`
			}
			return v.text
		})},
		{"numbers were signed with another text than sent (10.0 against 10); send the text that was signed", each(func(v value) string {
			return strings.TrimSuffix(v.text, ".0")
		})},
		{"keys of nested objects were sorted; only the top level is", each(func(v value) string { return resorted(v.text) })},
	}
}

func joinSorted(values []value, sep string) string {
	pairs := make([]string, len(values))
	for i, v := range values {
		pairs[i] = v.name + "=" + v.text
	}
	slices.Sort(pairs)
	return strings.Join(pairs, sep)
}

// escaped writes non-ASCII characters as \u escapes, as json_encode and json.dumps do by default.
func escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// spaced writes a blank after each comma and colon between values, as json.dumps does by default.
func spaced(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		end := i + 1
		if text[i] == '"' {
			end = stringEnd([]byte(text), i)
		}
		b.WriteString(text[i:end])
		if text[i] == ',' || text[i] == ':' {
			b.WriteByte(' ')
		}
		i = end
	}
	return b.String()
}

// otherUnit turns the timestamp's seconds into milliseconds, or the other way.
func otherUnit(call signedCall, v value) string {
	if v.name != "timestamp" || v.text != call.timestamp {
		return v.text
	}
	if n, err := strconv.ParseInt(v.text, 10, 64); err == nil && len(v.text) == 13 {
		return strconv.FormatInt(n/1000, 10)
	}
	return v.text + "000"
}

// resorted sorts the keys of all objects in a JSON text.
func resorted(text string) string {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return text
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return text
	}
	return strings.TrimSuffix(b.String(), "\n")
}
