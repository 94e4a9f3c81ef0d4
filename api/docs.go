package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/store"
)

// docOperation is one operation on the page of operations.
type docOperation struct {
	Method, Path, Scope string
	Operation           *huma.Operation
	Curl, Answer        string
}

// docGroup is the operations on one noun, as ID names it among the words.
type docGroup struct {
	ID         string
	Operations []docOperation
}

// groupOf says with which noun an operation stands.
func groupOf(path string) string {
	switch {
	case strings.HasPrefix(path, "/proxy/"), strings.HasSuffix(path, "/call"), strings.HasSuffix(path, "/sign"):
		return "calls"
	case path == "/v1/token", strings.HasSuffix(path, "/token"), strings.HasSuffix(path, "/refresh"):
		return "tokens"
	case strings.HasPrefix(path, "/v1/authorizations"), strings.HasSuffix(path, "/link"):
		return "consents"
	case strings.HasPrefix(path, "/v1/grants"), path == "/v1/summary":
		return "standing"
	case strings.HasPrefix(path, "/v1/apps"):
		return "apps"
	case strings.HasPrefix(path, "/v1/events"), strings.HasPrefix(path, "/v1/webhooks"), strings.HasPrefix(path, "/v1/alarms"):
		return "news"
	case path == "/v1/platforms", path == "/v1/explain":
		return "knowledge"
	case strings.HasPrefix(path, "/v1/keys"), strings.HasPrefix(path, "/v1/users"), path == "/v1/audit":
		return "staff"
	}
	return "operation"
}

// docGroups lists the operations by noun, those that a vendor needs first on top.
func (s *server) docGroups() []docGroup {
	groups := map[string][]docOperation{}
	for path, item := range s.Huma.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
		} {
			if op == nil || strings.HasPrefix(path, "/proxy/") && method != http.MethodGet { // it takes any method alike
				continue
			}
			id := groupOf(path)
			o := docOperation{Method: method, Path: path, Scope: string(door.Scopes[method+" "+path]), Operation: op}
			o.Curl, o.Answer = s.example(method, path, op)
			groups[id] = append(groups[id], o)
		}
	}
	order := []string{"consents", "standing", "tokens", "calls", "apps", "news", "knowledge", "staff", "operation"}
	list := make([]docGroup, 0, len(order))
	for _, id := range order {
		slices.SortFunc(groups[id], func(a, b docOperation) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
		list = append(list, docGroup{id, groups[id]})
	}
	return list
}

// sampleIDs stand for what an address names.
var sampleIDs = map[string]string{"id": "grt_01k…", "grant": "grt_01k…", "event": "evt_01k…", "rest": "openapi/2022-01/shop", "name": "held"}

// example is a call of an operation as a shell has it, and what is answered.
func (s *server) example(method, path string, op *huma.Operation) (curl, answer string) {
	path = samplePath(path)
	var query []string
	for _, p := range op.Parameters {
		if p.In == "query" && p.Required {
			query = append(query, p.Name+"="+sampleText(p.Name))
		}
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	var b strings.Builder
	b.WriteString(`curl -H "Authorization: Bearer $GRANTKEEP_KEY"`)
	if op.RequestBody != nil {
		kind := slices.Min(slices.Collect(maps.Keys(op.RequestBody.Content)))
		b.WriteString(" \\\n  -H 'Content-Type: " + kind + "'")
		if kind == "application/json" {
			b.WriteString(" \\\n  -d '" + compact(s.sample("", op.RequestBody.Content[kind].Schema, true, 0)) + "'")
		} else {
			b.WriteString(" \\\n  --data-binary @FILE")
		}
	}
	if method != http.MethodGet && (method != http.MethodPost || op.RequestBody == nil) {
		b.WriteString(" -X " + method)
	}
	b.WriteString(" \\\n  \"$GRANTKEEP_SERVER" + path + "\"")
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		if content := op.Responses[status].Content["application/json"]; content != nil && strings.HasPrefix(status, "2") {
			text, err := json.MarshalIndent(s.sample("", content.Schema, false, 0), "", "  ")
			if err == nil {
				answer = string(text)
			}
			break
		}
	}
	return b.String(), answer
}

// samplePath fills the blanks of a route: with an id of the noun that it is about.
func samplePath(path string) string {
	for name, sample := range sampleIDs {
		if noun, isOne := strings.CutPrefix(path, "/v1/"); name == "id" && isOne && !strings.HasPrefix(noun, "grants/") && len(noun) > 3 {
			sample = noun[:3] + "_01k…"
		}
		path = strings.ReplaceAll(path, "{"+name+"}", sample)
	}
	return path
}

func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "{}" // a sample is made of plain values
	}
	return string(text)
}

// deepest is how far a sample goes into what holds it.
const deepest = 4

// sample is a value in the form of a schema; of a request only what is needed.
func (s *server) sample(name string, sc *huma.Schema, needed bool, depth int) any {
	if sc != nil && sc.Ref != "" {
		sc = s.Huma.OpenAPI().Components.Schemas.SchemaFromRef(sc.Ref)
	}
	switch {
	case sc == nil, depth > deepest && (sc.Type == huma.TypeObject || sc.Type == huma.TypeArray):
		return nil
	case len(sc.Examples) > 0:
		return sc.Examples[0]
	case len(sc.Enum) > 0:
		return sc.Enum[0]
	case sc.Format == "date-time":
		return "2026-11-30T12:00:00Z"
	}
	switch sc.Type {
	case huma.TypeBoolean:
		return false
	case huma.TypeInteger, huma.TypeNumber:
		return 1
	case huma.TypeArray:
		return []any{s.sample(name, sc.Items, needed, depth+1)}
	case huma.TypeObject:
		object := map[string]any{}
		for property, of := range sc.Properties {
			if !needed || slices.Contains(sc.Required, property) {
				object[property] = s.sample(property, of, needed, depth+1)
			}
		}
		return object
	}
	return sampleText(name)
}

// sampleText is a text that a member of a name may hold.
func sampleText(name string) string {
	texts := map[string]string{
		"app": "app_01k…", "grant": "grt_01k…", "id": "…_01k…", "owner": "cust-8841", "subject": "shop:2356978", "name": "Demo 1",
		"host": "demo-1.myshoplaza.com", "access_token": "…", "url": "…/connect/…", "next": "…", "scope": "read",
	}
	if text, ok := texts[name]; ok {
		return text
	}
	return "…"
}

func (s *server) serveDocs(w http.ResponseWriter, r *http.Request) {
	s.servePage(w, r, http.StatusOK, "docs", struct {
		saying
		Groups   []docGroup
		Problems []problemLine
	}{saying{pageLanguage(r)}, s.docGroups(), problemLines(pageLanguage(r))})
}

// problemLine is one problem in a list.
type problemLine struct {
	Name   problem.Name
	Status int
	Title  string
}

func problemLines(lang string) []problemLine {
	lines := make([]problemLine, 0, len(problem.Table))
	for _, name := range slices.Sorted(maps.Keys(problem.Table)) {
		lines = append(lines, problemLine{name, problem.Table[name].Status, problem.Table[name].Title.In(lang)})
	}
	return lines
}

func (s *server) serveProblems(w http.ResponseWriter, r *http.Request) {
	s.servePage(w, r, http.StatusOK, "problems", struct {
		saying
		Problems []problemLine
	}{saying{pageLanguage(r)}, problemLines(pageLanguage(r))})
}

func (s *server) serveProblem(w http.ResponseWriter, r *http.Request) {
	name := problem.Name(r.PathValue("name"))
	_, known := problem.Table[name]
	switch {
	case known:
		s.servePage(w, r, http.StatusOK, "problem", problemPage(r, name, false))
	case door.ByPerson(r):
		s.Lost(w, r)
	default:
		s.WriteProblem(w, r, store.ErrNotFound)
	}
}

// problemPage is what the page of a problem says: the reader's language on top, the others behind it. A bare one leads a
// merchant to no page for vendors.
func problemPage(r *http.Request, name problem.Name, bare bool) any {
	type language struct{ Tag, Title, Cause, Remedy, Todo string }
	kind, said := problem.Table[name], saying{pageLanguage(r)}
	in := func(tag string) language {
		return language{tag, kind.Title.In(tag), kind.Cause.In(tag), kind.Remedy.In(tag), pageWords["todo"].In(tag)}
	}
	var others []language
	for _, l := range said.Others() {
		others = append(others, in(l[0]))
	}
	return struct {
		saying
		Name   problem.Name
		Status int
		Own    language
		Behind []language
		Bare   bool
	}{said, name, kind.Status, in(said.Lang), others, bare}
}
