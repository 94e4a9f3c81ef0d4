package explain

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"
)

// A printed structure is an object as a program shows it instead of JSON: PHP's print_r, var_dump and var_export, a
// JavaScript or Python literal, a Ruby hash, a Go map, a Java or Rust record. They differ in quotes, separators and what
// stands in front of a bracket, so that one tolerant reader takes them all.

const (
	longestLiteral = 64 << 10
	deepestLiteral = 16
)

// structureStart finds where a printed object may begin: a bracket, perhaps with a name in front.
var structureStart = regexp.MustCompile(`[{(\[]`)

// structures returns the objects that stand in a text, as JSON: those that are JSON as they are, others rewritten.
func structures(text string) [][]byte {
	text = text[:min(len(text), longestLiteral)]
	var found [][]byte
	tries := 0
	for at := 0; at < len(text) && tries < 24; {
		next := structureStart.FindStringIndex(text[at:])
		if next == nil {
			break
		}
		start := at + next[0]
		tries++
		if text[start] == '{' {
			dec := json.NewDecoder(strings.NewReader(text[start:]))
			var raw json.RawMessage
			if dec.Decode(&raw) == nil && len(raw) > 2 {
				found = append(found, raw)
				at = start + len(raw)
				continue
			}
		}
		p := literal{text: text, at: start}
		var out strings.Builder
		if p.container(&out, 0) && p.members > 0 && json.Valid([]byte(out.String())) && out.String()[0] == '{' {
			found = append(found, []byte(out.String()))
			at = p.at
			continue
		}
		at = start + 1
	}
	return found
}

// literal reads one printed value. It never fails loudly: what it cannot follow ends the attempt.
type literal struct {
	text    string
	at      int
	members int // with a name, read so far
}

func (p *literal) rest() string { return p.text[p.at:] }

func (p *literal) blanks() {
	p.at += len(p.rest()) - len(strings.TrimLeft(p.rest(), " \t\r\n,;"))
}

var closing = map[byte]byte{'{': '}', '(': ')', '[': ']'}

// key matches the name of a member and what parts it from its value.
var key = regexp.MustCompile(`\A(?:\[\s*["']?([\w.:-]{1,64})["']?[^\]]{0,40}\]\s*=>|"([^"\\]{1,64})"\s*(?:=>|[:=])|'([^'\\]{1,64})'\s*(?:=>|[:=])|:?([A-Za-z_][\w.-]{0,63})\s*(?:=>|[:=]))`)

// container reads an object or a list from its opening bracket on.
func (p *literal) container(out *strings.Builder, depth int) bool {
	if depth > deepestLiteral || p.at >= len(p.text) {
		return false
	}
	end, ok := closing[p.text[p.at]]
	if !ok {
		return false
	}
	p.at++
	var items []string
	named := false
	for {
		p.blanks()
		if p.at >= len(p.text) {
			return false
		}
		if p.text[p.at] == end {
			p.at++
			break
		}
		name, has := "", false
		if m := key.FindStringSubmatch(p.rest()); m != nil && (end != ']' || !strings.HasPrefix(m[0], "[")) {
			name, has = firstOf(m[1], m[2], m[3], m[4]), true
			name, _, _ = strings.Cut(name, ":") // print_r marks protected members so
			p.at += len(m[0])
		}
		var value strings.Builder
		if !p.value(&value, end, depth+1) {
			return false
		}
		if has {
			named = true
			p.members++
			items = append(items, quote(name)+":"+value.String())
		} else if !named {
			items = append(items, value.String())
		}
		if len(items) > 500 {
			return false
		}
	}
	if named {
		out.WriteString("{" + strings.Join(keepNamed(items), ",") + "}")
	} else {
		out.WriteString("[" + strings.Join(items, ",") + "]")
	}
	return true
}

// keepNamed drops what stood in front of the first name and names that come twice.
func keepNamed(items []string) []string {
	seen := map[string]bool{}
	kept := items[:0]
	for _, item := range items {
		var name string
		dec := json.NewDecoder(strings.NewReader(item))
		if dec.Decode(&name) != nil || !strings.HasPrefix(item, quote(name)+":") || seen[name] {
			continue
		}
		seen[name] = true
		kept = append(kept, item)
	}
	return kept
}

// before matches what stands in front of a bracket or a quote: a type's name, a length.
var before = regexp.MustCompile(`\A(?:&?[A-Za-z_\\][\w\\.$]{0,80}(?:#\d+)?\s*(?:Object)?\s*(?:\(\w{0,80}\))?(?:#\d+)?\s*(?:\(\d+\))?)\s*(["'{(\[])`)

var (
	sized  = regexp.MustCompile(`\A(?:int|float|double|bool|boolean|integer|Decimal|NumberInt|NumberLong)\(([^)]{0,40})\)`)
	number = regexp.MustCompile(`\A-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\z`)
	// bareEnd finds where a value without quotes ends: before the next member.
	bareEnd = regexp.MustCompile(`(?:[,;]\s*|\s+)["':\[]?[A-Za-z_][\w.-]{0,63}["'\]]?\s*(?:=>|[:=])`)
)

// value reads a value up to the end of the container around it.
func (p *literal) value(out *strings.Builder, end byte, depth int) bool {
	p.at += len(p.rest()) - len(strings.TrimLeft(p.rest(), " \t\r\n"))
	if p.at >= len(p.text) {
		return false
	}
	if m := sized.FindStringSubmatch(p.rest()); m != nil {
		p.at += len(m[0])
		out.WriteString(scalar(strings.Trim(m[1], `"'`)))
		return true
	}
	if m := before.FindStringSubmatchIndex(p.rest()); m != nil {
		p.at += m[2]
	}
	switch c := p.text[p.at]; c {
	case '{', '(', '[':
		return p.container(out, depth)
	case '"', '\'', '`':
		return p.quoted(out, c)
	}
	line := p.rest()
	if i := strings.IndexAny(line, "\n"+string(end)); i >= 0 {
		line = line[:i]
	}
	if m := bareEnd.FindStringIndex(line); m != nil {
		line = line[:m[0]]
	}
	p.at += len(line)
	out.WriteString(scalar(strings.Trim(line, " \t\r,;")))
	return true
}

// quoted reads a text in quotes; a quote inside is escaped or, as var_dump has it, not the last before a break.
func (p *literal) quoted(out *strings.Builder, c byte) bool {
	var b strings.Builder
	for i := p.at + 1; i < len(p.text); i++ {
		switch p.text[i] {
		case c:
			p.at = i + 1
			out.WriteString(quote(b.String()))
			return true
		case '\\':
			if i++; i >= len(p.text) {
				return false
			}
			i += p.escape(&b, i)
		default:
			b.WriteByte(p.text[i])
		}
	}
	return false
}

// escape writes the character of an escape whose letter stands at i, and returns how many more bytes it took.
func (p *literal) escape(b *strings.Builder, i int) int {
	switch c := p.text[i]; c {
	case 'n':
		b.WriteByte('\n')
	case 't':
		b.WriteByte('\t')
	case 'r':
		b.WriteByte('\r')
	case 'u':
		if i+4 < len(p.text) {
			var s string
			if json.Unmarshal([]byte(`"\u`+p.text[i+1:i+5]+`"`), &s) == nil {
				b.WriteString(s)
				return 4
			}
		}
		b.WriteByte(c)
	default:
		b.WriteByte(c)
	}
	return 0
}

// scalar writes a value without quotes as JSON: a number as it is, a word of truth or nothing as such, else a text.
func scalar(text string) string {
	switch strings.ToLower(text) {
	case "null", "none", "nil", "undefined", "<nil>", "", "<null>":
		return "null"
	case "true", "false":
		return strings.ToLower(text)
	}
	if number.MatchString(text) {
		return text
	}
	if inner, ok := strings.CutPrefix(text, "Some("); ok {
		return scalar(strings.Trim(strings.TrimSuffix(inner, ")"), `"`))
	}
	return quote(text)
}

func quote(text string) string {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "�")
	}
	b, err := json.Marshal(text)
	if err != nil {
		return `""`
	}
	return string(b)
}
