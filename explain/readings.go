package explain

import (
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// readings lists what a question may be: itself, an address inside it, a printed structure, a line that names its parts.
func readings(d platform.Driver, q Question) []Question {
	all := []Question{q}
	text := string(q.Body)
	if q.Code == "" {
		text += q.Message
	}
	text = text[:min(len(text), longestWords)]
	if text == "" || platform.IsPage(q.Body) {
		return all
	}
	with := func(change func(*Question)) {
		other := Question{Stage: q.Stage, Status: q.Status, Sent: q.Sent}
		change(&other)
		all = append(all, other)
	}
	if address := addressIn(text); address != "" {
		with(func(o *Question) { o.Body = []byte(address) })
	}
	eachStructure(text, with)
	if len(q.Body) == 0 && len(all) > 1 {
		all = append(all[1:], q) // what stands inside the words says more than the words around it
	}
	if said, ok := fieldsIn(text); ok {
		with(func(o *Question) { o.said(said) })
		if named := all[len(all)-1]; len(q.Body) == 0 && len(said.Texts()) > 0 && d.Spec().Catalogue.Has(said.Code) {
			all = append([]Question{named}, all...) // who names the code names the row
		}
	}
	if m := bracketed.FindStringSubmatch(text); m != nil && len(q.Body) == 0 && d.Spec().Catalogue.Has(m[1]) {
		named := Question{Stage: q.Stage, Status: q.Status, Sent: q.Sent, Code: m[1], Message: strings.TrimRight(m[2], " 。.")}
		all = append([]Question{named}, all...)
	}
	if words := bareWords(text); words != strings.TrimSpace(text) && words != "" {
		with(func(o *Question) { o.Message = words })
	}
	return all
}

// eachStructure reads the printed structures of a text, those of a text inside another one's quotation marks too, and what
// they hold.
func eachStructure(text string, with func(change func(*Question))) {
	forms := []string{text}
	if strings.Contains(text, `\"`) {
		forms = append(forms, strings.ReplaceAll(text, `\"`, `"`))
	}
	for _, form := range forms {
		for _, object := range structures(form) {
			with(func(o *Question) { o.Body = object })
			if said, ok := platform.ReadForeign(object); ok {
				with(func(o *Question) { o.said(said) })
			}
			for _, inner := range nested(object) {
				with(func(o *Question) { o.Body = inner })
			}
		}
	}
}

// said asks for the parts of an error that somebody else's form names.
func (q *Question) said(s platform.Said) {
	q.Code, q.Message = s.Code, strings.Join(s.Texts(), ": ")
	if s.SubCode != "" {
		q.Code = strings.TrimPrefix(s.Code+":"+s.SubCode, ":")
	}
}

// read looks one reading up, in the stage asked or in all of them.
func read(d platform.Driver, app platform.App, q Question) *gk.Fault {
	asked := stages
	if q.Stage != "" {
		asked = []string{q.Stage}
	}
	var found *gk.Fault
	for _, read := range []func(platform.Driver, platform.App, Question, string) *gk.Fault{fromBody, fromWords, fromOurs} {
		for _, stage := range asked {
			if f := read(d, app, q, stage); weight(d, f) > weight(d, found) {
				found = f
			}
		}
		if weight(d, found) >= weightAnyText {
			break
		}
	}
	if weight(d, found) < weightForeign && (found == nil || found.Code == "" || found.Message == "") {
		if f := d.Spec().Catalogue.Foreign(q.Stage, q.Body, q.Status); f != nil {
			return f
		}
	}
	return found
}

// within looks for a row's text or code among other words.
func within(d platform.Driver, q Question) *gk.Fault {
	if q.Code != "" || len(q.Body) > 0 && platform.IsPage(q.Body) {
		return nil
	}
	text := strings.TrimSpace(string(q.Body) + " " + q.Message)
	text = text[:min(len(text), longestWords)]
	asked := stages
	if q.Stage != "" {
		asked = []string{q.Stage}
		if q.Stage == platform.StageToken || q.Stage == platform.StageRefresh || q.Stage == platform.StageInspect {
			asked = append(asked, platform.StageCall)
		}
	}
	row := d.Spec().Catalogue.Within(asked, text)
	if row == nil {
		return nil
	}
	return &gk.Fault{
		Platform: d.Spec().Code, Stage: row.Stage, Code: row.Code, Message: d.Spec().Catalogue.Cut(text),
		Action: row.Action, Terminal: row.Terminal, Known: true, Row: row.ID,
	}
}

// wordsOf returns what an unknown answer says of itself, so that whoever sends it in sends that along: a page's title, an
// object's members that are named as those of an error are.
func wordsOf(body []byte) platform.Said {
	if platform.IsPage(body) {
		return platform.Said{Message: platform.PageTitle(body)}
	}
	var said platform.Said
	members, err := platform.Members(body)
	if err != nil {
		return said
	}
	for _, m := range members {
		switch text := platform.JSONText(m.Value); platform.Part(m.Name) {
		case "code":
			said.Code = firstOf(said.Code, text)
		case "message", "sub_message":
			said.Message = firstOf(said.Message, text)
		}
	}
	return said
}
