package explain

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Question is what somebody knows of a failure; any member may be empty.
type Question struct {
	Stage         string // authorize, token, refresh, inspect, call, push
	Status        int
	Code, Message string
	Body          []byte // raw answer, a pasted callback address, or an error of Grantkeep's own API
	Sent          url.Values
}

// stages in the order in which a failure without one is looked for. Those whose rows never end a grant go first where
// two of them share a code: a question without a stage must not bury a living grant.
var stages = []string{
	platform.StageCall, platform.StageToken, platform.StageRefresh, platform.StageAuthorize, platform.StagePush, platform.StageInspect,
}

// Explain says what a failure means. It always has an answer; one that no row describes is not known.
func Explain(d platform.Driver, app platform.App, q Question) *Fault {
	q.Body, q.Message = unpacked(q.Body), string(unpacked([]byte(q.Message)))
	q = unwrap(q)
	found := search(d, app, q)
	if found == nil {
		found = &gk.Fault{Platform: d.Spec().Code, Stage: q.Stage, Code: q.Code, Message: q.Message, Action: gk.FixRequest}
	}
	if !found.Known && (found.Message == "" || platform.IsPage(q.Body)) {
		kept := wordsOf(q.Body)
		found.Message = d.Spec().Catalogue.Cut(platform.Words(kept.Message))
		if found.Code == "" {
			found.Code = platform.Words(kept.Code)
		}
	}
	if !found.Known && found.Action == gk.FixRequest && (q.Status >= 500 || brokenConnection.MatchString(q.Message)) {
		found.Action = gk.Retry
	}
	if found.Stage == "" {
		found.Stage = platform.StageCall
	}
	if found.Action == gk.Backoff && found.RetryAfter == 0 {
		found.RetryAfter = waitIn(found.Message)
	}
	return describe(d, app, found, q)
}

// search reads a question in every way that people paste an error, the most literal first, until a row describes it.
func search(d platform.Driver, app platform.App, q Question) *gk.Fault {
	if platform.IsFirewall(q.Body) && (q.Status == 0 || q.Status >= 400) {
		return firewall(d, q)
	}
	if o := ourRow(q.Code, strings.TrimSpace(q.Message)); o != nil {
		return ourFault(d, q.Stage, o)
	}
	var found *gk.Fault
	for _, reading := range readings(d, q) {
		if f := read(d, app, reading); weight(d, f) > weight(d, found) || f != nil && found != nil && found.Code == "" && weight(d, f) == weight(d, found) {
			found = f
		}
		if weight(d, found) >= weightAnyText {
			return found
		}
	}
	if f := within(d, q); weight(d, f) > weight(d, found) {
		found = f
	}
	return found
}

// ourFault is a state of ours in a platform's words where its catalogue has a row for it, which says more.
func ourFault(d platform.Driver, stage string, o *Own) *gk.Fault {
	for _, row := range d.Spec().Catalogue.Rows() {
		if row.Code == o.Code && (stage == "" || row.Stage == stage) {
			return d.Spec().Catalogue.Local(row.Stage, o.Code)
		}
	}
	if stage == "" {
		stage = platform.StageRefresh
	}
	return &gk.Fault{Platform: d.Spec().Code, Stage: stage, Code: o.Code, Action: o.Action, Row: o.Code, Known: true}
}

// firewall is the fault of a block page: whatever the status, no API has spoken.
func firewall(d platform.Driver, q Question) *gk.Fault {
	f := &gk.Fault{
		Platform: d.Spec().Code, Stage: q.Stage, Message: platform.PageTitle(q.Body), Action: ourRow(platform.RowFirewall).Action,
		Row: platform.RowFirewall, Known: true,
	}
	if q.Status != 0 {
		f.Code = "http:" + strconv.Itoa(q.Status)
	}
	return f
}

// brokenConnection matches what clients say when no answer came.
var brokenConnection = regexp.MustCompile(`(?i)connection (was )?(reset|refused|closed|aborted)|econn(reset|refused|aborted)|etimedout|socket hang up|` +
	`broken pipe|timed?[ -]?out|deadline exceeded|\beof\b|empty reply|no such host|(network|host) (is )?unreachable|no route to host|tls handshake`)

var waitText = regexp.MustCompile(`(?i)\b([0-9]{1,7}) more seconds?\b`)

// waitIn returns the wait that the words of a throttled call name; zero if they name none.
func waitIn(words string) time.Duration {
	m := waitText.FindStringSubmatch(words)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// Weights of a finding: a row for this text goes before one that takes any text, that before our own word for a token
// answer without a token (which any object is that is no token answer), that before an error in another platform's form,
// and that before none.
const (
	weightUnknown = iota + 1
	weightForeign
	weightOwnToken
	weightAnyText
	weightRow
)

func weight(d platform.Driver, f *gk.Fault) int {
	switch {
	case f == nil:
		return 0
	case !f.Known:
		return weightUnknown
	case f.Row == platform.RowForeignAnswer:
		return weightForeign
	case f.Row == platform.RowGrantRefused:
		return weightAnyText
	}
	row := d.Spec().Catalogue.Row(f.Row)
	switch {
	case row != nil && row.Local() && f.Message == "" && (row.Stage == platform.StageToken || row.Stage == platform.StageRefresh):
		return weightOwnToken
	case row != nil && strings.Trim(row.PatternText, "^$") == ".*":
		return weightAnyText
	}
	return weightRow
}

// unwrap takes a question out of what people paste: a problem of Grantkeep's API, the header Grantkeep-Fault, plain words.
func unwrap(q Question) Question {
	body := strings.TrimSpace(string(q.Body))
	var ours struct {
		Fault *struct {
			Stage   string `json:"stage"`
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"fault"`
		Platform string `json:"platform"`
		Stage    string `json:"stage"`
		Code     string `json:"code"`
		Message  string `json:"message"`
		Action   string `json:"action"`
	}
	switch {
	case body == "":
		return q
	case strings.HasPrefix(body, "{"):
		if json.Unmarshal([]byte(body), &ours) != nil {
			return q
		}
		if f := ours.Fault; f != nil && f.Code != "" {
			return Question{Stage: f.Stage, Code: f.Code, Message: f.Message, Status: q.Status, Sent: q.Sent}
		}
		if ours.Platform != "" && ours.Action != "" {
			return Question{Stage: ours.Stage, Code: ours.Code, Message: ours.Message, Status: q.Status, Sent: q.Sent}
		}
	case !isAddress(body) && !strings.HasPrefix(body, "<") && !strings.HasPrefix(body, "[") && q.Message == "":
		q.Message, q.Body = body, nil
	}
	return q
}

func isAddress(text string) bool {
	return !strings.ContainsAny(text, " \n") && (strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://") ||
		strings.HasPrefix(text, "/") || strings.HasPrefix(text, "?"))
}

// fromBody lets the driver read a body as the answer of a stage, or as a callback.
func fromBody(d platform.Driver, app platform.App, q Question, stage string) *gk.Fault {
	if len(q.Body) == 0 {
		return nil
	}
	if text := strings.TrimSpace(string(q.Body)); isAddress(text) {
		if stage != platform.StageAuthorize && q.Stage == "" {
			return nil
		}
		return fromCallback(d, app, text)
	}
	asked := platform.Asked{Stage: stage, Sent: q.Sent}
	reply := platform.Reply{Status: q.Status, Body: q.Body, Received: app.Now}
	switch stage {
	case platform.StageToken, platform.StageRefresh:
		_, err := d.ReadIssues(app, asked, reply)
		var fault *gk.Fault
		var garbled *platform.Garbled
		if errors.As(err, &fault) {
			return fault
		}
		if errors.As(err, &garbled) && garbled.Fault != nil && q.Stage != "" {
			return garbled.Fault
		}
		return nil
	}
	return d.Diagnose(app, asked, reply)
}

// fromCallback reads a pasted callback address. Its proof is of no interest: an error that it names is looked up by
// the names that OAuth and the platforms give it.
func fromCallback(d platform.Driver, app platform.App, address string) *gk.Fault {
	cb, err := d.ReadCallback(app, platform.Incoming{Method: "GET", URL: address})
	if err == nil && cb.Fault != nil {
		return cb.Fault
	}
	u, perr := url.Parse(address)
	if perr == nil {
		params := u.Query()
		code := firstOf(params.Get("error"), params.Get("error_code"))
		text := firstOf(params.Get("error_description"), params.Get("message"), params.Get("msg"), params.Get("error_msg"))
		if code != "" || text != "" {
			return lookUp(d, Question{Code: code, Message: text, Sent: nil}, platform.StageAuthorize)
		}
	}
	var bad *platform.BadCallback
	switch {
	case errors.As(err, &bad) && bad.Fault != nil:
		return bad.Fault
	case errors.As(err, &bad), perr != nil || u.RawQuery == "":
		return nil //nolint:nilerr // an address that cannot be read explains nothing; other readings may
	}
	return &gk.Fault{
		Platform: d.Spec().Code, Stage: platform.StageAuthorize, Code: noError, Action: gk.None, Known: true, Row: noError,
	}
}

// noError is the state of a callback that brings what it should: nothing is wrong with it.
const noError = "local:no_error"

// fromWords looks code and message up. Where there is no code, the words may begin with one or be one, as in
// "invalid_grant" or "27 Invalid session".
func fromWords(d platform.Driver, _ platform.App, q Question, stage string) *gk.Fault {
	if q.Code == "" && q.Message == "" && q.Status == 0 {
		return nil
	}
	f := lookUp(d, q, stage)
	if f.Known || q.Code != "" {
		return f
	}
	if code, rest := leadingCode(d, stage, q.Message); code != "" {
		if g := lookUp(d, Question{Code: code, Message: rest, Status: q.Status, Sent: q.Sent}, stage); g.Known {
			return g
		}
	}
	return f
}

// fromOurs tries the rows that we say ourselves: no platform does, but people paste what other clients said about them.
func fromOurs(d platform.Driver, _ platform.App, q Question, stage string) *gk.Fault {
	if q.Code != "" || q.Message == "" {
		return nil
	}
	for _, row := range d.Spec().Catalogue.Rows() {
		if row.Stage != stage || !row.Local() || row.PatternText == "" || row.PatternText == ".*" {
			continue // a row that matches everything says nothing of these words
		}
		if f := lookUp(d, Question{Code: row.Code, Message: q.Message, Sent: q.Sent}, stage); f.Row == row.ID {
			return f
		}
	}
	return nil
}

// lookUp finds code, status and message in the catalogue. A sub-code that the message names, or that is all there is of
// the code, goes before the code alone; one whose words the message has, after it: people leave sub-codes out.
func lookUp(d platform.Driver, q Question, stage string) *gk.Fault {
	var codes []string
	if q.Code != "" {
		for _, row := range d.Spec().Catalogue.Rows() {
			main, sub, ok := strings.Cut(row.Code, ":")
			if !ok || row.Stage != stage || row.Local() {
				continue
			}
			part := strings.TrimSuffix(sub, "*")
			if sub == q.Code || main == q.Code && part != "" && strings.Contains(q.Message, part) {
				codes = append(codes, row.Code)
			}
		}
		codes = append(codes, q.Code)
		if d.Spec().Facts.Lookup.SubCodes {
			codes = append(codes, q.Code+":*")
		}
	}
	if q.Status != 0 && q.Code != "invalid_grant" { // that code decides, whatever the status
		status := "http:" + strconv.Itoa(q.Status)
		codes = append(codes, status+":*", status)
		if q.Status >= 500 {
			codes = append(codes, "http:5xx")
		}
	}
	query := platform.Query{Stage: stage, Codes: codes, Sent: q.Sent}
	if q.Message != "" {
		query.Texts = []string{q.Message}
		if _, sub, ok := strings.Cut(q.Code, ":"); ok && d.Spec().Facts.Lookup.SubCodes {
			query.Texts = append(query.Texts, sub) // whatever the words are, the sub-code says it too
		}
	}
	return d.Spec().Catalogue.Fault(query, q.Code, q.Status)
}

// leadingCode splits words into a code or sub-code of the catalogue and the rest; the longest code wins.
func leadingCode(d platform.Driver, stage, words string) (code, rest string) {
	words = strings.TrimSpace(words)
	longest := 0
	for _, row := range d.Spec().Catalogue.Rows() {
		if row.Stage != stage || row.Code == "" {
			continue
		}
		_, sub, _ := strings.Cut(row.Code, ":")
		for _, name := range []string{row.Code, sub} {
			after, ok := strings.CutPrefix(words, name)
			if ok && len(name) > longest && (after == "" || after[0] == ' ' || after[0] == ':') {
				longest, code, rest = len(name), row.Code, strings.TrimLeft(after, " :")
			}
		}
	}
	return code, rest
}

// Ask reads a question as people type it: the platform's code and then words, an address or JSON.
func Ask(drivers []platform.Driver, args []string) (platform.Driver, Question, error) {
	if len(args) < 2 {
		return nil, Question{}, errors.New("say which platform, and what it said: explain PLATFORM 'what it said'")
	}
	d, err := Find(drivers, args[0])
	if err != nil {
		return nil, Question{}, err
	}
	words := args[1:]
	all := Question{Body: []byte(strings.Join(words, " "))}
	if !slices.Contains(stages, words[0]) || len(words) == 1 {
		return d, all, nil
	}
	// "refresh token is invalid" begins with a stage's name, too: whichever reading the catalogue knows is meant.
	staged := Question{Stage: words[0], Body: []byte(strings.Join(words[1:], " "))}
	app := d.Spec().Open(platform.App{})
	if !Explain(d, app, staged).Known && Explain(d, app, all).Known {
		return d, all, nil
	}
	return d, staged, nil
}

// Unsaid reports whether arguments name a platform, and perhaps a stage, and nothing that it said.
func Unsaid(args []string) bool {
	return len(args) == 1 || len(args) == 2 && slices.Contains(stages, args[1])
}

// Find returns the driver of a platform by its code.
func Find(drivers []platform.Driver, code string) (platform.Driver, error) {
	codes := make([]string, 0, len(drivers))
	for _, d := range drivers {
		if d.Spec().Code == code {
			return d, nil
		}
		codes = append(codes, d.Spec().Code)
	}
	if code == "" {
		return nil, fmt.Errorf("platform is missing; it takes one of %s", strings.Join(codes, ", "))
	}
	return nil, fmt.Errorf("platform %q is none of %s", code, strings.Join(codes, ", "))
}
