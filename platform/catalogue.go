package platform

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
)

// Row is one line of a catalogue: a failure that the platform's documents or users have described.
type Row struct {
	ID          string // STAGE/CODE, with #2 … where the same pair has more rows
	Stage, Code string
	PatternText string
	When        string // sent:NAME, !sent:NAME
	Example     string // a text that the pattern matches
	Action      gk.Action
	Terminal    bool
	Cause       Texts
	Remedy      Texts
	Source      string // seed | other

	pattern  *regexp.Regexp // nil: no text to match
	inner    *regexp.Regexp // the pattern without its anchors: the text may stand among others
	needs    []string       // of which one stands in every text that matches, in lower case; nil: not known
	catchAll bool
}

// Local reports whether the row names a situation that we recognise ourselves: no platform says it.
func (r *Row) Local() bool {
	return strings.HasPrefix(r.Code, "local:") || strings.HasPrefix(r.Code, "hub_")
}

// Catalogue is the table of a platform's faults. The first row that matches wins.
type Catalogue struct {
	Platform string
	rows     []*Row
	byID     map[string]*Row
	lookup   Lookup
}

// Rows returns all rows in the order of the file.
func (c *Catalogue) Rows() []*Row { return slices.Clone(c.rows) }

// Has reports whether a row has a code, or has it as the part before its sub-code.
func (c *Catalogue) Has(code string) bool {
	return code != "" && slices.ContainsFunc(c.rows, func(r *Row) bool {
		main, _, _ := strings.Cut(r.Code, ":")
		return !r.Local() && (r.Code == code || main == code)
	})
}

// Row returns the row with an id, nil if there is none.
func (c *Catalogue) Row(id string) *Row { return c.byID[id] }

// Query is what is known of a failure.
type Query struct {
	Stage string
	Codes []string   // most specific first; a trailing * stands for every row code that begins so
	Texts []string   // the platform's texts; none: a row with a pattern is found by its code alone
	Sent  url.Values // parameters that our request carried; nil: not known, which counts as not sent

	lower []string // Texts in lower case
}

// Find returns the row for a failure, nil if the catalogue has none. It looks through the rows of the stage asked; for
// token, refresh and inspect then through those of call; then, where the facts say so, for the text alone in any
// stage. A row without a code stands for any code and is found by its text; a row that matches everything is found by
// its code only, after the text alone where the facts say so.
func (c *Catalogue) Find(q Query) *Row {
	q.Texts = slices.Clone(q.Texts)
	if c.lookup.Fold {
		for i, t := range q.Texts {
			q.Texts[i] = foldText(t)
		}
	}
	q.Texts = slices.DeleteFunc(q.Texts, func(t string) bool { return t == "" })
	q.lower = lowered(q.Texts)
	codes := c.spellings(q.Codes)
	stages := []string{q.Stage}
	if q.Stage == StageToken || q.Stage == StageRefresh || q.Stage == StageInspect {
		stages = append(stages, StageCall)
	}
	caught := c.byCode(stages, codes, q)
	if caught != nil && (!caught.catchAll || !c.lookup.CatchAllLast || len(q.Texts) == 0) {
		return caught
	}
	switch {
	case c.lookup.AnyStage:
		stages = []string{q.Stage, ""}
	case len(codes) > 0:
		return caught
	}
	if r := c.byTextAlone(stages, q); r != nil {
		return r
	}
	return caught
}

// spellings are the codes to look for: as given, and without a module prefix where the platform writes one.
func (c *Catalogue) spellings(given []string) []string {
	codes := make([]string, 0, 2*len(given))
	for _, code := range given {
		if code == "" {
			continue
		}
		codes = append(codes, code)
		if _, bare, ok := strings.Cut(code, "."); ok && c.lookup.ModulePrefix {
			codes = append(codes, bare)
		}
	}
	return codes
}

// byCode returns the row of the first stage that has one with such a code, or without a code and with such a text.
func (c *Catalogue) byCode(stages, codes []string, q Query) *Row {
	for _, stage := range stages {
		if r := c.inStage(stage, codes, q); r != nil {
			return r
		}
		if r := c.withoutCode(stage, q); r != nil {
			return r
		}
	}
	return nil
}

// byTextAlone returns the first row of the stages, in their order, that has such a text, whatever its code; an empty stage
// stands for any.
func (c *Catalogue) byTextAlone(stages []string, q Query) *Row {
	for _, stage := range stages {
		for _, r := range c.rows {
			if (stage == "" || r.Stage == stage) && c.tellsAlone(r) && r.says(q) {
				return r
			}
		}
	}
	return nil
}

// tellsAlone reports whether a row's text is enough to know it by.
func (c *Catalogue) tellsAlone(r *Row) bool {
	subCode := c.lookup.SubCodes && strings.Contains(r.Code, ":")
	return !subCode && !r.catchAll && r.pattern != nil && !r.Local()
}

// withoutCode returns the first row of a stage that has no code and whose pattern matches.
func (c *Catalogue) withoutCode(stage string, q Query) *Row {
	for _, r := range c.rows {
		if r.Stage == stage && r.Code == "" && r.pattern != nil && len(q.Texts) > 0 && r.says(q) {
			return r
		}
	}
	return nil
}

func (c *Catalogue) inStage(stage string, codes []string, q Query) *Row {
	for _, code := range codes {
		for _, r := range c.rows {
			if r.Stage == stage && sameCode(r.Code, code) && (r.pattern == nil || len(q.Texts) > 0) && r.says(q) {
				return r
			}
		}
	}
	if len(q.Texts) > 0 {
		return nil
	}
	for _, code := range codes {
		for _, r := range c.rows {
			if r.Stage == stage && !strings.HasSuffix(code, "*") && sameCode(r.Code, code) && r.fits(q) {
				return r
			}
		}
	}
	return nil
}

func sameCode(row, code string) bool {
	if prefix, ok := strings.CutSuffix(code, "*"); ok {
		return strings.HasPrefix(row, prefix)
	}
	if prefix, ok := strings.CutSuffix(row, "*"); ok && prefix != "" {
		return strings.HasPrefix(code, prefix)
	}
	return row == code
}

// says reports whether one of the texts matches, and what was sent fits.
func (r *Row) says(q Query) bool {
	if !r.fits(q) {
		return false
	}
	if r.pattern == nil {
		return true
	}
	for i, text := range q.Texts {
		if r.mayMatch(q.lower[i]) && r.pattern.MatchString(text) {
			return true
		}
	}
	return false
}

func lowered(texts []string) []string {
	all := make([]string, len(texts))
	for i, t := range texts {
		all[i] = strings.ToLower(t)
	}
	return all
}

// mayMatch reports whether a text in lower case holds what every text that matches holds.
func (r *Row) mayMatch(lower string) bool {
	return r.needs == nil || slices.ContainsFunc(r.needs, func(n string) bool { return strings.Contains(lower, n) })
}

// Within returns the row whose text or code stands inside a longer text (a log line, an exception's message); nil if
// none does. The longest that is found wins: it says the most. Rows that match everything, and words so short that any
// sentence may have them, are left out; a code that alone could mean different things counts for nothing.
func (c *Catalogue) Within(stages []string, text string) *Row {
	text = foldText(text)
	lower := strings.ToLower(text)
	var best *Row
	longest := 0
	for _, stage := range stages {
		for _, r := range c.rows {
			if r.Stage != stage || r.When != "" {
				continue
			}
			if n := max(r.textIn(text, lower, c.lookup.SubCodes), c.codeIn(r, text)); n > longest {
				best, longest = r, n
			}
		}
	}
	return best
}

// textIn returns how much of a text is what the row's pattern says, zero if nothing is.
func (r *Row) textIn(text, lower string, subCodes bool) int {
	if r.catchAll && len(r.Example) >= longEnoughExample {
		return r.exampleIn(text, lower)
	}
	if r.inner == nil || r.catchAll || !r.mayMatch(lower) {
		return 0
	}
	_, sub, hasSub := strings.Cut(r.Code, ":")
	hasSub = hasSub && subCodes
	if hasSub && !r.Local() && !strings.Contains(text, strings.TrimSuffix(sub, "*")) {
		return 0 // without its sub-code the words belong to another row
	}
	longest := 0
	for _, at := range r.inner.FindAllStringIndex(text, 3) {
		if n := at[1] - at[0]; n > longest && wholeWords(text, at) && (n >= longEnough || 2*n >= len(text)) {
			longest = n
		}
	}
	if longest > 0 && hasSub {
		longest += len(sub)
	}
	return longest
}

// exampleIn returns the length of the row's example if it stands in a text as whole words.
func (r *Row) exampleIn(text, lower string) int {
	i := strings.Index(lower, strings.ToLower(r.Example))
	if i < 0 || len(lower) != len(text) || !wholeWords(text, []int{i, i + len(r.Example)}) {
		return 0
	}
	return len(r.Example)
}

// codeIn returns the length of the row's code or sub-code if it stands in a text as a word that no sentence has.
func (c *Catalogue) codeIn(r *Row, text string) int {
	main, sub, ok := strings.Cut(r.Code, ":")
	name := main
	if ok && !r.Local() && main != "http" && main != "push" {
		name = sub
	}
	if r.Local() || len(name) < longEnough && !(len(name) >= longEnoughCode && strings.Contains(name, "_")) || !compound(name) || strings.ContainsAny(name, "*: ") {
		return 0
	}
	i := strings.Index(text, name)
	if i < 0 || !wholeWords(text, []int{i, i + len(name)}) || !c.alone(r) {
		return 0
	}
	return len(name)
}

// humps matches a name of several words that begin with capitals, such as IllegalAccessToken.
var humps = regexp.MustCompile(`[a-z][A-Z]`)

// compound reports whether a name is made of several words as only programs join them.
func compound(name string) bool { return strings.ContainsAny(name, "_-.") || humps.MatchString(name) }

// alone reports whether all rows with a row's code ask for the same.
func (c *Catalogue) alone(r *Row) bool {
	return !slices.ContainsFunc(c.rows, func(o *Row) bool { return o.Code == r.Code && (o.Action != r.Action || o.Terminal != r.Terminal) })
}

// Cut shortens a platform's text to what a fault keeps of it.
func (c *Catalogue) Cut(text string) string { return cut(text, longestMessage) }

// longEnough is how many bytes of a row's text must be found inside another one to mean it, longEnoughExample how many of
// the example of a row that matches everything, longEnoughCode how many of a code whose words a _ joins.
const (
	longEnough        = 12
	longEnoughExample = 16
	longEnoughCode    = 8
)

// wholeWords reports whether a match neither begins nor ends inside a word of letters and digits.
func wholeWords(text string, at []int) bool {
	word := func(i int) bool {
		if i < 0 || i >= len(text) {
			return false
		}
		b := text[i]
		return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
	}
	return !(word(at[0]-1) && word(at[0])) && !(word(at[1]-1) && word(at[1]))
}

// fits reports whether what our request carried is what the row asks for.
func (r *Row) fits(q Query) bool {
	name, absent := strings.CutPrefix(r.When, "!sent:")
	if !absent {
		var present bool
		if name, present = strings.CutPrefix(r.When, "sent:"); !present {
			return true
		}
	}
	return (q.Sent.Get(name) == "") == absent
}

// longestMessage is how much of a platform's own text a fault keeps.
const longestMessage = 300

// Fault describes a failure by the catalogue. code is the platform's own, as the fault should show it. A failure that
// no row matches is not known and never terminal; its action is retry for a 5xx, else fix_request.
func (c *Catalogue) Fault(q Query, code string, status int) *gk.Fault {
	f := &gk.Fault{Platform: c.Platform, Stage: q.Stage, Code: Words(code), Action: gk.FixRequest}
	if len(q.Texts) > 0 {
		f.Message = cut(Words(q.Texts[0]), longestMessage)
	}
	if status >= 500 {
		f.Action = gk.Retry
	}
	switch r := c.Find(q); {
	case r != nil:
		f.Known, f.Row, f.Action, f.Terminal = true, r.ID, r.Action, r.Terminal
		if f.Code == "" {
			f.Code = r.Code
		}
	case status >= 300 && status < 400: // neither a token request nor a call ever moves
		f.Known, f.Row, f.Action = true, RowRedirected, gk.FixConfig
	case status == http.StatusTooManyRequests: // whoever says so and in whatever words, waiting is what it asks for
		f.Known, f.Row, f.Action = true, RowEdgeLimit, gk.Backoff
		if r := c.Find(Query{Stage: q.Stage, Codes: []string{"http:429"}}); r != nil {
			f.Row, f.Action = r.ID, r.Action
		}
	case code == "invalid_grant" && status < 500: // RFC 6749, 5.2: the code decides, whatever its words
		f.Known, f.Row, f.Action = true, RowGrantRefused, gk.Reauthorize
	}
	return f
}

// Local returns the fault of a situation that we recognise ourselves, by the code of its row. It panics if there is no
// such row: the name is written in a driver's or the engine's code, and a test of the driver meets it.
func (c *Catalogue) Local(stage, code string) *gk.Fault {
	for _, r := range c.rows {
		if r.Stage == stage && r.Code == code {
			return &gk.Fault{Platform: c.Platform, Stage: stage, Code: code, Action: r.Action, Terminal: r.Terminal, Known: true, Row: r.ID}
		}
	}
	panic("platform: " + c.Platform + " has no row " + stage + "/" + code)
}

func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "�")
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}

func foldText(s string) string {
	return strings.Join(strings.Fields(html.UnescapeString(s)), " ")
}

// SubjectMismatch is the code of the fault of an answer for another subject than asked. Such an answer is never issued:
// stored, it would give one merchant's grant to another.
const SubjectMismatch = "subject_mismatch"

// Mismatch returns the fault of an answer for another subject than asked. A driver whose catalogue has a row for it
// names that row.
func (c *Catalogue) Mismatch(stage string) *gk.Fault {
	return &gk.Fault{Platform: c.Platform, Stage: stage, Code: SubjectMismatch, Action: gk.FixRequest}
}

// AppMismatch returns the fault of an answer for another app than ours: it is as little issued as one for another subject.
func (c *Catalogue) AppMismatch(stage string) *gk.Fault {
	return &gk.Fault{Platform: c.Platform, Stage: stage, Code: SubjectMismatch, Row: RowAppMismatch, Known: true, Action: gk.FixRequest}
}
