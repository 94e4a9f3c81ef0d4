package api

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/transfer"
)

// mostRecipients bounds who may open one export.
const mostRecipients = 10

func (s *server) routeExport() {
	s.HandleFunc("GET /v1/grants/export", s.exportGrants)
	param := func(name, doc string, words ...string) *huma.Param {
		p := &huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: huma.TypeString}}
		for _, word := range words {
			p.Schema.Enum = append(p.Schema.Enum, word)
		}
		return p
	}
	recipient := param("recipient", "who can open the file: age1…; several are joined by commas")
	recipient.Required = true
	op := &huma.Operation{
		OperationID: "export-grants", Method: http.MethodGet, Path: "/v1/grants/export", Tags: []string{"grants"},
		Summary: "Export grants with their tokens, encrypted",
		Description: "A file that age opens with the recipient's identity; inside are the rows that an import takes. Held and revoked grants are left out. " +
			"Grants whose row or tokens cannot be read, and those of stopped apps, are named by the trailer Grantkeep-Left-Out after the file. " +
			"Where the result is imported, this installation must stop first: two that renew one grant end each other's tokens.",
		Parameters: []*huma.Param{
			recipient, param("format", "ndjson if absent; csv leaves out windows, shops and facts", "ndjson", "csv"),
			param("platform", ""), param("app", ""), param("owner", ""), param("state", "", "active", "suspended", "expired"),
		},
		Responses: map[string]*huma.Response{
			"200": {Description: "OK", Content: map[string]*huma.MediaType{
				"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
			}},
			"default": {Description: "A problem", Content: map[string]*huma.MediaType{
				"application/problem+json": {Schema: s.Huma.OpenAPI().Components.Schemas.Schema(problem.Type, true, "")},
			}},
		},
	}
	door.Secure(op)
	s.Huma.OpenAPI().AddOperation(op)
}

// exportGrants streams the file. What goes wrong after its first byte cuts the connection: a file of age that is cut
// does not open to its end.
func (s *server) exportGrants(w http.ResponseWriter, r *http.Request) {
	filter, format, recipients, err := readExport(r.URL.Query())
	if err != nil {
		s.WriteProblem(w, r, err)
		return
	}
	key := door.CallerOf(r.Context())
	file := &sealedFile{w: w, format: format, recipients: recipients}
	left := leftOut{}
	err = transfer.Export(r.Context(), s.Keeper, key.Viewer(), filter, file.write, left.add)
	s.Log.Warn("grants are exported", "key", key.ID, "grants", file.rows, "whole", err == nil, "left_out", left.count)
	if err == nil {
		err = file.close()
	}
	switch {
	case err == nil:
		w.Header().Set(leftOutTrailer, left.String())
	case file.begun():
		panic(http.ErrAbortHandler)
	default:
		s.WriteProblem(w, r, err)
	}
}

// sealedFile is an export on its way. Nothing is written before the first row, so that an error until then is answered
// like any other.
type sealedFile struct {
	w          http.ResponseWriter
	format     string
	recipients []age.Recipient
	rows       int

	out   io.WriteCloser
	table *transfer.TableWriter
}

func (f *sealedFile) begun() bool { return f.out != nil }

func (f *sealedFile) begin() error {
	if f.begun() {
		return nil
	}
	h := f.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Trailer", leftOutTrailer)
	h.Set("Content-Disposition", `attachment; filename="grants.`+f.format+`.age"`)
	var err error
	if f.out, err = age.Encrypt(f.w, f.recipients...); err != nil {
		h.Del("Content-Disposition")
		return problem.Invalid("recipient", "names recipients that do not go together in one file")
	}
	f.table = transfer.NewTable(f.out)
	if f.format == transfer.FormatCSV {
		return f.table.Head()
	}
	return nil
}

func (f *sealedFile) write(g transfer.ImportRow) error {
	if err := f.begin(); err != nil {
		return err
	}
	f.rows++
	row := transfer.Row{
		App: g.App, Subject: g.Subject, Owner: g.Owner, Access: g.Token.Access, Refresh: g.Token.Refresh,
		Expires: g.Token.Expires, RefreshExpires: g.Token.RefreshExpires, Ceiling: g.Ceiling, Issued: g.Issued,
		Authorized: g.Authorized, Windows: g.Token.Windows, Scopes: g.Scopes, Shops: g.Shops, Facts: g.Facts,
	}
	if f.format == transfer.FormatCSV {
		return f.table.Write(row)
	}
	line, err := transfer.FormatLine(row)
	if err != nil {
		return err
	}
	_, err = f.out.Write(line)
	return err
}

// close seals the end of the file.
func (f *sealedFile) close() error {
	if err := f.begin(); err != nil {
		return err
	}
	return f.out.Close()
}

// leftOutTrailer names, after the file, the grants that are not in it although they were asked for.
const leftOutTrailer = "Grantkeep-Left-Out"

// leftOut collects them.
type leftOut struct {
	count int
	named []string
}

// mostLeftNamed bounds a line of a trailer.
const mostLeftNamed = 50

func (l *leftOut) add(left transfer.Left) {
	if l.count++; l.count <= mostLeftNamed {
		l.named = append(l.named, left.Grant+" "+left.Why)
	}
}

// String lists them: "grt_1 damaged, grt_2 stopped, 7 more".
func (l *leftOut) String() string {
	text := strings.Join(l.named, ", ")
	if more := l.count - len(l.named); more > 0 {
		text += fmt.Sprintf(", %d more", more)
	}
	return text
}

// readExport reads the parameters of an export.
func readExport(given url.Values) (f store.GrantFilter, format string, recipients []age.Recipient, err error) {
	known := []string{"recipient", "format", "platform", "app", "owner", "state"}
	for name := range given {
		if !slices.Contains(known, name) {
			return f, "", nil, problem.Invalid(name, "is no parameter of this route")
		}
	}
	format = given.Get("format")
	switch format {
	case "":
		format = transfer.FormatNDJSON
	case transfer.FormatNDJSON, transfer.FormatCSV:
	default:
		return f, "", nil, problem.Invalid("format", "is neither ndjson nor csv")
	}
	state := given.Get("state")
	if state != "" && !slices.Contains([]string{string(gk.Active), string(gk.Suspended), string(gk.Expired)}, state) {
		return f, "", nil, problem.Invalid("state", "is none of active, suspended, expired")
	}
	recipients, err = readRecipients(given.Get("recipient"))
	f = store.GrantFilter{Platform: given.Get("platform"), App: given.Get("app"), Owner: given.Get("owner"), State: gk.State(state)}
	return f, format, recipients, err
}

// readRecipients reads age recipients: age1…, or age1pq1… for those that withstand quantum computers. The two kinds do
// not go together in one file.
func readRecipients(text string) ([]age.Recipient, error) {
	const why = "is needed: one or more age recipients (age1…) joined by commas; age-keygen makes one"
	if text == "" {
		return nil, problem.Invalid("recipient", why)
	}
	recipients, err := age.ParseRecipients(strings.NewReader(strings.ReplaceAll(text, ",", "\n")))
	if err != nil || len(recipients) > mostRecipients || strings.ContainsAny(text, "#\n") {
		return nil, problem.Invalid("recipient", why)
	}
	return recipients, nil
}
