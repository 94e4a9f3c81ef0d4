package explain

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/grantkeep/grantkeep/platform"
)

// wrappings is how many layers are taken off a text: an answer URL-encoded twice inside a log that is base64.
const wrappings = 4

// unpacked takes off what editors, address bars, pages and message queues put around an answer: UTF-16 and a byte order
// mark, percent-encoding, base64, HTML entities and tags. A text without any of it comes back as it is.
func unpacked(body []byte) []byte {
	body = body[:min(len(body), longestWords)]
	for range wrappings {
		next := unwrapped(body)
		if next == nil {
			break
		}
		body = next
	}
	return body
}

// unwrapped takes one layer off; nil if there is none.
func unwrapped(body []byte) []byte {
	if plain := platform.Unmarked(body); len(plain) < len(body) {
		return plain
	}
	if text := fromUTF16(body); text != "" {
		return []byte(text)
	}
	text := strings.TrimSpace(string(body))
	switch {
	case platform.IsPage(body) || platform.IsFirewall(body) || strings.HasPrefix(text, "<?xml"):
		return nil
	case encoded.MatchString(text) && !isAddress(text) && !strings.ContainsAny(text, " {"):
		decode := url.QueryUnescape
		if strings.Contains(text, "%25") {
			decode = url.PathUnescape // a + is a blank in the innermost layer only
		}
		if plain, err := decode(text); err == nil && plain != text {
			return []byte(plain)
		}
	case entities.MatchString(text):
		return []byte(html.UnescapeString(text))
	case strings.HasPrefix(text, "<") && strings.ContainsAny(text, "{["):
		if plain := strings.TrimSpace(tags.ReplaceAllString(text, " ")); plain != "" {
			return []byte(plain)
		}
	}
	return fromBase64(text)
}

var (
	encoded  = regexp.MustCompile(`%(?:25)*(?:7B|7b|22|3A|3a|3D|3d|20)`)
	entities = regexp.MustCompile(`&(?:quot|#34|#x22|apos|#39|lt|#60);`)
	tags     = regexp.MustCompile(`</?[A-Za-z][^<>]{0,200}>`)
)

// fromUTF16 reads a text that Windows editors and consoles save; empty if it is none.
func fromUTF16(body []byte) string {
	if len(body) < 4 || len(body)%2 != 0 {
		return ""
	}
	var order binary.ByteOrder
	switch {
	case body[0] == 0xff && body[1] == 0xfe, body[1] == 0 && body[3] == 0:
		order = binary.LittleEndian
	case body[0] == 0xfe && body[1] == 0xff, body[0] == 0 && body[2] == 0:
		order = binary.BigEndian
	default:
		return ""
	}
	units := make([]uint16, len(body)/2)
	for i := range units {
		units[i] = order.Uint16(body[2*i:])
	}
	return strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff")
}

// fromBase64 reads a text that is base64 as a whole and holds an answer; nil if it is not.
func fromBase64(text string) []byte {
	text = strings.Join(strings.Fields(text), "") // wrapped lines
	if len(text) < 20 {
		return nil
	}
	for _, form := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		plain, err := form.DecodeString(text)
		if err != nil || !utf8.Valid(plain) || !bytes.ContainsAny(plain, "{:=") {
			continue
		}
		if !bytes.ContainsFunc(plain, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }) {
			return plain
		}
	}
	return nil
}

// deepestNest and mostNested bound how far the objects inside an object are followed.
const (
	deepestNest = 6
	mostNested  = 24
)

// nested lists the objects inside an object, also those that stand there as texts: a log's line around an answer, an HTTP
// client's error with the response in it.
func nested(object []byte) [][]byte {
	var all [][]byte
	var walk func(raw json.RawMessage, depth int)
	walk = func(raw json.RawMessage, depth int) {
		if depth > deepestNest || len(all) >= mostNested {
			return
		}
		var text string
		if json.Unmarshal(raw, &text) == nil {
			if text = strings.TrimSpace(text); strings.HasPrefix(text, "{") && json.Valid([]byte(text)) {
				raw = json.RawMessage(text)
			}
		}
		members, err := platform.Members(raw)
		if err == nil {
			if depth > 0 {
				all = append(all, raw)
			}
			for _, m := range members {
				walk(m.Value, depth+1)
			}
			return
		}
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) == nil {
			for _, item := range list[:min(len(list), mostNested)] {
				walk(item, depth+1)
			}
		}
	}
	walk(object, 0)
	return all
}
