package explain

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Fault is a platform's failure, explained.
type Fault struct {
	Platform   string         `json:"platform"`
	Stage      string         `json:"stage"`
	Code       string         `json:"code"`
	Message    string         `json:"message"`
	Action     gk.Action      `json:"action"`
	Terminal   bool           `json:"terminal"`
	WhoseMove  string         `json:"whose_move"`
	RetryAfter string         `json:"retry_after"` // a duration such as 30s; empty: not told
	RequestID  string         `json:"request_id,omitempty"`
	Cause      platform.Texts `json:"cause"`
	Remedy     platform.Texts `json:"remedy"`
	Known      bool           `json:"known"`
	Row        string         `json:"row,omitempty"`    // of the catalogue, as its documents name it
	Report     string         `json:"report"`           // for the platform's support
	Reason     string         `json:"reason,omitempty"` // lost_answer: the refusal answers a repeat whose first answer never arrived
}

// Texts for failures that no row describes.
var (
	unknownCause = platform.Texts{
		ZhCN: "错误目录里没有这条错误。",
		ZhTW: "錯誤目錄裡沒有這項錯誤。",
		En:   "The catalogue does not know this error.",
	}
	unknownRemedy = platform.Texts{
		ZhCN: "核对请求的参数和地址；仍不清楚时，把下面的报告发给平台的技术支持。",
		ZhTW: "核對請求的參數和網址；仍不清楚時，把下面的報告傳給平台的技術支援。",
		En:   "Check the request's parameters and address; if it stays unclear, send the report to the platform's support.",
	}
)

// Describe adds to a fault what the catalogue and the facts say about it; where this build has no driver for the platform,
// nil, what we say ourselves.
func Describe(d platform.Driver, app platform.App, f *gk.Fault) *Fault {
	return describe(d, app, f, Question{})
}

func describe(d platform.Driver, app platform.App, f *gk.Fault, q Question) *Fault {
	out := &Fault{
		Platform: f.Platform, Stage: f.Stage, Code: hideTokens(f.Code), Message: hideTokens(f.Message),
		Action: f.Action, Terminal: f.Terminal, WhoseMove: f.Action.Move(), RequestID: f.RequestID,
		Cause: unknownCause, Remedy: unknownRemedy, Known: f.Known, Row: f.Row, Reason: f.Reason,
	}
	if f.RetryAfter > 0 {
		out.RetryAfter = readable(f.RetryAfter).String()
	}
	if ours := ourRow(f.Row, f.Code); ours != nil {
		out.Cause, out.Remedy, out.Known = ours.Cause, ours.Remedy, true
		if out.Row == "" {
			out.Row = ours.Code
		}
	}
	if d == nil {
		return out // there is nobody whose support could be asked
	}
	if row := d.Spec().Catalogue.Row(f.Row); row != nil {
		out.Cause, out.Remedy = row.Cause, row.Remedy
	}
	sayForm(out, q)
	out.Report = report(d, app, f, out, q)
	return out
}

// report is the text that a platform's support asks for.
func report(d platform.Driver, app platform.App, f *gk.Fault, out *Fault, q Question) string {
	var b strings.Builder
	line := func(label, value string) {
		if value = strings.Join(strings.Fields(value), " "); value != "" {
			b.WriteString(label + ": " + value + "\n")
		}
	}
	line("Problem (问题)", out.Cause.ZhCN+" / "+out.Cause.En)
	line("Environment (环境)", d.Spec().Facts.Names.En+" "+app.Environment)
	line("Site (站点)", app.Settings["region"])
	line("API", firstOf(q.Sent.Get("method"), f.Stage))
	line("Request (请求)", withoutSecrets(q, d.Spec().Facts))
	line("Request id (请求 ID)", f.RequestID)
	at := f.At.Time
	if at.IsZero() {
		at = app.Now
	}
	line("Time (时间)", at.UTC().Format(time.RFC3339))
	line("Code (错误码)", out.Code)
	line("Message (错误信息)", out.Message)
	return strings.TrimSuffix(b.String(), "\n")
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// hidden stands for a value that is not shown.
const hidden = "***"

// secretName matches the names of parameters whose values a report leaves out.
var secretName = regexp.MustCompile(`(?i)token|secret|code|sign|session|pass|auth|hmac|ticket|(^|_)key$`)

// withoutSecrets lists the parameters that were sent, the values of secret ones left out.
func withoutSecrets(q Question, facts *platform.Facts) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(q.Sent)) {
		value := hideTokens(q.Sent.Get(name))
		if secretName.MatchString(name) || facts.Settings[name].Secret {
			value = hidden
		}
		parts = append(parts, name+"="+value)
	}
	return strings.Join(parts, " ")
}

// tokenLike matches what may be a token or a signature in a text that somebody pasted.
var tokenLike = regexp.MustCompile(`[A-Za-z0-9_+/=-]{24,}`)

// hideTokens masks what looks like a token: platforms quote the one that they refuse. Words joined by hyphens, as in
// isv.w2-security-authorize-invalid, stay.
func hideTokens(text string) string {
	return tokenLike.ReplaceAllStringFunc(text, func(s string) string {
		if !strings.ContainsAny(s, "0123456789") || areWords(s) {
			return s
		}
		return hidden
	})
}

// areWords reports whether a text is made of short words in lower case.
func areWords(s string) bool {
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune("-_/+=", r) }) {
		if len(word) > 12 || strings.ToLower(word) != word {
			return false
		}
	}
	return true
}

// readable rounds a wait to what is worth telling: whole seconds, and tenths of one where some buckets are full again
// within a few.
func readable(wait time.Duration) time.Duration {
	if wait > 2*time.Second && wait < 10*time.Second {
		return wait.Round(100 * time.Millisecond)
	}
	return wait.Round(time.Second)
}
