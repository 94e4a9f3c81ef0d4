package offline

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1" // people sign with it; nothing is accepted by it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"hash"
	"net/url"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"github.com/grantkeep/grantkeep/platform"
)

// explained returns which slip yields the signature that was given; empty if none that is known does.
func explained(p platform.Proof) string {
	if p.Given == "" || p.Digest == nil {
		return ""
	}
	texts := append([]platform.Slip{{Text: p.Text}}, p.Slips...)
	for _, k := range keys(p) {
		for _, t := range texts {
			if t.Text == p.Text && t.Why != "" {
				continue // the variant changes nothing here
			}
			if why := sameDigest(p.Given, p.Digest(k.key, t.Text)); why != differs {
				return sentence(t.Why, k.why, why)
			}
		}
	}
	for _, k := range keys(p)[:min(len(keys(p)), len(p.Keys))] {
		for _, t := range append(bodies(p), charsets(p.Text)...) {
			if why := sameDigest(p.Given, p.Digest(k.key, t.Text)); why != differs {
				return sentence(t.Why, why)
			}
		}
		if why := otherAlgorithm(p, k.key); why != "" {
			return why
		}
	}
	return ""
}

// sentence joins what was wrong, the parts that are empty left out.
func sentence(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return "the signature is " + strings.Join(kept, "; and it is ")
}

const differs = "differs"

// sameDigest compares a signature with the right digest, in whatever alphabet: empty if they are the same, what is wrong
// with the alphabet, or that they differ.
func sameDigest(given, right string) string {
	if hmac.Equal([]byte(given), []byte(right)) {
		return ""
	}
	given = strings.TrimSpace(given)
	sum, isHex := bytesOf(right)
	if len(sum) == 0 {
		return differs
	}
	if given == right {
		return "with blanks or a line end around it"
	}
	form, alphabet := "base64", otherThanBase64
	if isHex {
		form, alphabet = "hex", otherThanHex
	}
	if why := alphabet(given, right, sum); why != "" {
		return why
	}
	if strings.HasSuffix(strings.ToLower(given), strings.ToLower(right)) && len(given) > len(right) {
		return "behind another word: the " + form + " alone is wanted"
	}
	return differs
}

// otherThanHex says in which form a digest is written that the platform wants in hex; empty if in none that is known.
func otherThanHex(given, right string, sum []byte) string {
	letters := "in lower case"
	if strings.ToUpper(right) == right {
		letters = "in capitals"
	}
	switch {
	case strings.EqualFold(given, right):
		return "in the other case of letters: the platform compares it as it writes it, " + letters
	case anyOf(given, base64.StdEncoding.EncodeToString(sum), base64.RawStdEncoding.EncodeToString(sum)):
		return "in base64 where hex is wanted"
	case anyOf(given, base64.URLEncoding.EncodeToString(sum), base64.RawURLEncoding.EncodeToString(sum)):
		return "in base64 (its URL alphabet) where hex is wanted"
	case anyOf(given, base64.StdEncoding.EncodeToString([]byte(right))):
		return "in base64 of the hex text: send the hex itself"
	}
	return ""
}

// otherThanBase64 says the same of a digest that the platform wants in base64.
func otherThanBase64(given, _ string, sum []byte) string {
	switch {
	case strings.EqualFold(given, hex.EncodeToString(sum)):
		return "in hex where base64 is wanted"
	case anyOf(given, base64.URLEncoding.EncodeToString(sum), base64.RawURLEncoding.EncodeToString(sum), base64.RawStdEncoding.EncodeToString(sum)):
		return "in another alphabet of base64: the standard one with padding is wanted"
	case anyOf(given, base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(sum)))):
		return "in base64 of the hex text: encode the bytes of the digest, not its hex"
	}
	return ""
}

func anyOf(given string, forms ...string) bool {
	for _, f := range forms {
		if given == f {
			return true
		}
	}
	return false
}

func bytesOf(digest string) (sum []byte, isHex bool) {
	if b, err := hex.DecodeString(digest); err == nil {
		return b, true
	}
	b, err := base64.StdEncoding.DecodeString(digest)
	if err != nil {
		return nil, false
	}
	return b, false
}

type keyForm struct{ key, why string }

// keys lists the right keys first, then what people make of them, then the app's other secrets.
func keys(p platform.Proof) []keyForm {
	var right, forms, others []keyForm
	for _, s := range p.Keys {
		k := s.Reveal()
		if k == "" {
			continue
		}
		right = append(right, keyForm{k, ""})
		for _, around := range []string{"\n", "\r\n", " ", "\t", "\r", "\x00"} {
			forms = append(forms,
				keyForm{k + around, "made with the key and a blank or line end behind it: trim the key"},
				keyForm{around + k, "made with the key and a blank or line end in front of it: trim the key"},
				keyForm{around + k + around, "made with the key and blanks or line ends around it: trim the key"})
		}
		forms = append(forms, keyForm{"\ufeff" + k, "made with the key and a byte order mark in front of it: trim the key"},
			keyForm{`"` + k + `"`, "made with the key in its quotes: leave them out"}, keyForm{`'` + k + `'`, "made with the key in its quotes: leave them out"})
		for _, prefix := range []string{"shpk"} {
			if rest, ok := strings.CutPrefix(k, prefix); ok {
				forms = append(forms, keyForm{rest, "made with the key without its prefix " + prefix + ": the prefix is part of the key"})
				if b, err := hex.DecodeString(rest); err == nil {
					forms = append(forms, keyForm{string(b), "made with the key without its prefix " + prefix + " and decoded from hex: use its characters as they stand"})
				}
			} else {
				forms = append(forms, keyForm{prefix + k, "made with " + prefix + " in front of a key that has no such prefix"})
			}
		}
		if b, err := hex.DecodeString(k); err == nil {
			forms = append(forms, keyForm{string(b), "made with the key decoded from hex: use its characters as they stand"})
		}
		if b, err := base64.StdEncoding.DecodeString(k); err == nil {
			forms = append(forms, keyForm{string(b), "made with the key decoded from base64: use its characters as they stand"})
		}
		forms = append(forms,
			keyForm{base64.StdEncoding.EncodeToString([]byte(k)), "made with the key in base64: use its characters as they stand"},
			keyForm{url.QueryEscape(k), "made with the key URL-encoded: use its characters as they stand"},
			keyForm{strings.ToUpper(k), "made with the key in capitals"}, keyForm{strings.ToLower(k), "made with the key in lower case"})
		if len(k) > 1 {
			forms = append(forms, keyForm{k[:len(k)-1], "made with the key without its last character"}, keyForm{k[1:], "made with the key without its first character"})
		}
		forms = append(forms, keyForm{k + "&", "made with the key and an & behind it, as OAuth 1 has it"})
	}
	for name, list := range p.Others {
		for _, s := range list {
			if k := s.Reveal(); k != "" {
				others = append(others, keyForm{k, "made with " + name + ", which is the key of something else"})
			}
		}
	}
	var all []keyForm
	seen := map[string]bool{}
	for _, f := range append(append(right, forms...), others...) {
		if !seen[f.key] {
			seen[f.key] = true
			all = append(all, f)
		}
	}
	return all
}

// bodies are the right text with its body written anew.
func bodies(p platform.Proof) []platform.Slip {
	if p.Body == "" || !strings.Contains(p.Text, p.Body) {
		return nil
	}
	var all []platform.Slip
	with := func(body, why string) {
		if body != p.Body {
			all = append(all, platform.Slip{Text: strings.Replace(p.Text, p.Body, body, 1), Why: why})
		}
	}
	const anew = "made over the body parsed and written anew: the raw bytes count, "
	with(strings.TrimSpace(p.Body), "made over a trimmed body: the raw bytes count")
	with(p.Body+"\n", "made over the body with a line end behind it: the raw bytes count")
	with(p.Body+"\r\n", "made over the body with a line end behind it: the raw bytes count")
	with(strings.ReplaceAll(p.Body, "\r\n", "\n"), "made over the body with other line ends: the raw bytes count")
	with(url.QueryEscape(p.Body), "made over the body URL-encoded: the raw bytes count")
	with(base64.StdEncoding.EncodeToString([]byte(p.Body)), "made over the body in base64: the raw bytes count")
	var compact bytes.Buffer
	if json.Compact(&compact, []byte(p.Body)) != nil {
		return all
	}
	var sorted string
	var value any
	dec := json.NewDecoder(strings.NewReader(p.Body))
	dec.UseNumber()
	if dec.Decode(&value) == nil {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if enc.Encode(value) == nil {
			sorted = strings.TrimSuffix(b.String(), "\n")
		}
	}
	for _, base := range []struct{ text, why string }{{compact.String(), ""}, {sorted, "with its keys sorted"}} {
		if base.text == "" {
			continue
		}
		for _, form := range []struct{ text, why string }{
			{base.text, "without its blanks"}, {spaced(base.text), "with blanks after commas and colons"},
			{escaped(base.text), `with \u escapes`}, {escaped(spaced(base.text)), `with blanks and \u escapes`},
			{strings.ReplaceAll(base.text, "/", `\/`), `with slashes escaped`},
			{escaped(strings.ReplaceAll(base.text, "/", `\/`)), `with slashes and characters escaped`},
			{strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`).Replace(base.text), "with < > & escaped"},
		} {
			why := strings.TrimSpace(form.why + " " + base.why)
			with(form.text, anew+"here "+why)
		}
		for _, step := range []string{"  ", "    ", "\t"} {
			var b bytes.Buffer
			if json.Indent(&b, []byte(base.text), "", step) == nil {
				with(b.String(), anew+"here with indents")
			}
		}
	}
	return all
}

// spaced writes a blank after each comma and colon between values, as json.dumps does by default.
func spaced(text string) string {
	var b strings.Builder
	inText := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		b.WriteByte(c)
		switch {
		case inText && c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case c == '"':
			inText = !inText
		case !inText && (c == ',' || c == ':'):
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// escaped writes characters beyond ASCII as \u escapes.
func escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		default:
			for _, u := range utf16.Encode([]rune{r}) {
				b.WriteString(`\u` + hex.EncodeToString([]byte{byte(u >> 8), byte(u)}))
			}
		}
	}
	return b.String()
}

// charsets are a text in other bytes; none where it is ASCII.
func charsets(text string) []platform.Slip {
	plain := true
	for i := range len(text) {
		plain = plain && text[i] < 0x80
	}
	if plain || !utf8.ValidString(text) {
		return nil
	}
	var twice, low, marks, wide strings.Builder
	for i := range len(text) {
		twice.WriteRune(rune(text[i]))
	}
	for _, r := range text {
		low.WriteByte(byte(r)) // the low byte is the mistake looked for
		if r < 0x100 {
			marks.WriteByte(byte(r))
		} else {
			marks.WriteByte('?')
		}
		for _, u := range utf16.Encode([]rune{r}) {
			wide.Write([]byte{byte(u), byte(u >> 8)})
		}
	}
	all := []platform.Slip{
		{Text: twice.String(), Why: "made over text that was encoded to UTF-8 twice (read as Latin-1 in between): encode it once"},
		{Text: marks.String(), Why: "made over one byte per character (ISO-8859-1, with ? for what it lacks): sign the bytes of UTF-8"},
		{Text: low.String(), Why: "made over one byte per character (the low byte of each): sign the bytes of UTF-8"},
		{Text: wide.String(), Why: "made over UTF-16: sign the bytes of UTF-8"},
	}
	for _, c := range []struct {
		name string
		set  encoding.Encoding
	}{
		{"GBK", simplifiedchinese.GB18030}, {"GBK", simplifiedchinese.GBK}, {"Big5", traditionalchinese.Big5},
		{"Windows-1252", charmap.Windows1252}, {"Windows-874 (Thai)", charmap.Windows874}, {"Windows-1258 (Vietnamese)", charmap.Windows1258},
	} {
		all = append(all, platform.Slip{Text: inCharset(c.set, text), Why: "made over " + c.name + ": sign the bytes of UTF-8"})
	}
	return all
}

// inCharset writes a text in another charset, with ? for what it lacks.
func inCharset(set encoding.Encoding, text string) string {
	var b strings.Builder
	encoder := set.NewEncoder()
	for _, r := range text {
		char, err := encoder.String(string(r))
		if err != nil {
			char = "?"
		}
		b.WriteString(char)
	}
	return b.String()
}

// otherAlgorithm tries the right text with other digests.
func otherAlgorithm(p platform.Proof, key string) string {
	for name, make := range map[string]func() hash.Hash{"SHA-1": sha1.New, "MD5": md5.New, "SHA-256": sha256.New, "SHA-512": sha512.New} {
		mac := hmac.New(make, []byte(key))
		mac.Write([]byte(p.Text))
		swapped := hmac.New(make, []byte(p.Text))
		swapped.Write([]byte(key))
		for _, t := range []struct {
			sum []byte
			why string
		}{
			{mac.Sum(nil), "HMAC-" + name}, {swapped.Sum(nil), "HMAC-" + name + " with key and text swapped"},
			{plain(make, key+p.Text), "plain " + name + " with the key in front"}, {plain(make, p.Text+key), "plain " + name + " with the key behind"},
			{plain(make, p.Text), "plain " + name + " without any key"}, {plain(make, key+p.Text+key), "plain " + name + " with the key on both sides"},
		} {
			if strings.EqualFold(p.Given, hex.EncodeToString(t.sum)) || p.Given == base64.StdEncoding.EncodeToString(t.sum) {
				return "the signature is " + t.why + ", which is not how this platform signs"
			}
		}
	}
	return ""
}

func plain(make func() hash.Hash, text string) []byte {
	h := make()
	h.Write([]byte(text))
	return h.Sum(nil)
}

// entities are characters that browsers and editors make of an & and the letters behind it.
var entities = map[string]string{
	"×": "times", "©": "copy", "®": "reg", "§": "sect", "¶": "para", "¬": "not", "±": "plusmn", "¤": "curren", "°": "deg", "µ": "micro", "<": "lt", ">": "gt", "÷": "divide", "¥": "yen", "¢": "cent", "£": "pound",
}

// entity says which parameter of an address an HTML entity swallowed; empty if none did.
func entity(address string) string {
	decoded, err := url.QueryUnescape(address)
	if err != nil {
		decoded = address
	}
	if strings.Contains(decoded, "&amp;") {
		_, after, _ := strings.Cut(decoded, "&amp;")
		name, _, _ := strings.Cut(after, "=")
		return "the address was written as HTML: &amp; stands where & belongs, so that " + name + " is no parameter"
	}
	for char, word := range entities {
		_, after, ok := strings.Cut(decoded, char)
		rest, _, hasValue := strings.Cut(after, "=")
		if ok && hasValue && len(rest) < 40 && !strings.ContainsAny(rest, "&? ") {
			return "the parameter " + word + rest + " is lost: something read &" + word + " as HTML and wrote " + char + "; write the & as &amp; there, or encode the address"
		}
	}
	return ""
}
