package explain

import (
	"regexp"
	"slices"
	"strings"

	"github.com/grantkeep/grantkeep/platform"
)

// longestWords is how much of a text is read: what people paste is a few lines, and the error stands near its beginning
// or its end.
const longestWords = 64 << 10

// named finds the parts of an error that a line names: code=27, subCode: invalid-sessionkey, "msg" => "…".
var named = regexp.MustCompile(`["'\[]?(?:\b([A-Za-z][A-Za-z_-]{1,30})\b|(\p{Han}{3,5}|请求 ?ID|請求 ?ID))["'\]]?\s{0,3}(?:=>|[:=：＝])\s{0,3}`)

// part is a part of an error that a line names: its kind, and where its name with the separator stands.
type part struct {
	kind     string
	from, to int
}

// partsIn finds the names of an error's parts in a text.
func partsIn(text string) (parts []part) {
	for _, at := range named.FindAllStringSubmatchIndex(text, 64) {
		name := text[max(at[2], at[4]):max(at[3], at[5])]
		if kind := platform.Part(name); kind != "" {
			parts = append(parts, part{kind, at[0], at[1]})
		}
	}
	return parts
}

// value reads what stands behind a name, up to the next one: one word where the part is no sentence.
func (p part) value(text string, end int) string {
	value, _, _ := strings.Cut(text[p.to:end], "\n")
	if p.kind == "code" || p.kind == "sub_code" || p.kind == "request_id" {
		if words := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t,;|，；。）)]}\"'“”", r) }); len(words) > 0 {
			value = words[0]
		}
	}
	value = strings.Trim(value, " \t\r,;|，；。\"'“”")
	if p.kind == "message" && strings.Count(value, ")") > strings.Count(value, "(") {
		value = strings.TrimRight(value, " )\r\n\t") // of the print around it
	}
	return value
}

// fieldsIn reads the parts of an error that a line names; false if it names no code. The first of a kind counts.
func fieldsIn(text string) (platform.Said, bool) {
	var s platform.Said
	into := map[string]*string{
		"code": &s.Code, "sub_code": &s.SubCode, "message": &s.Message, "sub_message": &s.SubMessage, "request_id": &s.RequestID,
	}
	parts := partsIn(text)
	for i, p := range parts {
		end := len(text)
		if i+1 < len(parts) {
			end = parts[i+1].from
		}
		value := p.value(text, end)
		if value == "" || strings.ContainsAny(value[:1], "{[") { // what follows is an object, whose own members say it
			continue
		}
		if field := into[p.kind]; field != nil && *field == "" {
			*field = value
		}
	}
	return s, s.Code != "" || s.SubCode != ""
}

// bracketed finds a code in brackets with its words behind a colon, as people write both down.
var bracketed = regexp.MustCompile(`[（(\[【]\s*([A-Za-z0-9_.:-]{1,80})\s*[)）\]】]\s*[:：]\s*["“「]?([^"”」\n]{3,300})`)

// addressStart finds a callback's address inside other words: whole, or a path or query alone.
var addressStart = regexp.MustCompile(`https?://\S+\?|(?:^|[\s"'(=])/[\w./-]*\?[\w.-]+=|^\?[\w.-]+=`)

// addressIn returns the address of a callback that stands in a text, its blanks encoded as a browser had them. People copy
// it from the browser's bar, where blanks are decoded, and from access logs, where the protocol follows.
func addressIn(text string) string {
	text = strings.TrimSpace(text)
	at := addressStart.FindStringIndex(text)
	if at == nil {
		return ""
	}
	address := strings.TrimLeft(text[at[0]:], " \t\"'(=")
	address, _, _ = strings.Cut(address, "\n")
	for _, end := range []string{"\"", " HTTP/", "<", ">", "`"} {
		address, _, _ = strings.Cut(address, end)
	}
	address = strings.TrimRight(address, " \t\r'),;")
	head, tail, blank := strings.Cut(address, " ")
	_, query, _ := strings.Cut(address, "?")
	if blank && !strings.Contains(query, "error") && !strings.Contains(tail, "=") {
		address = head // words behind the address, not in it
	}
	return strings.NewReplacer(" ", "%20", "\t", "%20", "\r", "").Replace(address)
}

// exceptionName is the name of an exception, or of a level and a time, in front of what it says.
var exceptionName = regexp.MustCompile(`^(?:[\w.$\\]*(?:Exception|Error|Failure|Fault)\b[^:：]{0,40}[:：]\s*|(?:Caused by|Uncaught|Fatal error)[:：]?\s*)+`)

// bareWords returns the words of a text without what a program put in front of them.
func bareWords(text string) string {
	return strings.TrimSpace(exceptionName.ReplaceAllString(strings.TrimSpace(text), ""))
}

// Form says what an unknown text looks like, so that whoever sends it in says what it is.
func Form(q Question) string {
	text := strings.TrimSpace(string(q.Body) + " " + q.Message)
	switch {
	case platform.IsFirewall(q.Body), platform.IsPage(q.Body), strings.HasPrefix(text, "<"):
		return "page"
	case addressIn(text) != "":
		return "address"
	case strings.HasPrefix(text, "{"):
		return "json"
	case len(structures(text)) > 0:
		return "printed structure"
	case q.Code != "":
		return "code"
	}
	if _, ok := fieldsIn(text); ok {
		return "log line"
	}
	if slices.ContainsFunc(strings.Fields(text), exceptionName.MatchString) {
		return "exception"
	}
	return "words"
}
