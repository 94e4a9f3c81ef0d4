package api

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/transfer"
)

const (
	importAtOnce   = 2000             // rows that are checked and stored together
	importBytes    = 16 << 20         // of such rows; a lot that has as many ends there
	importPatience = 30 * time.Second // for the body of one such lot; more than that is a stalled sender
	mostErrors     = 1000             // that an answer lists
	mostRowsTold   = 10_000           // of an import whose answer tells each row
)

var importType = reflect.TypeFor[Import]()

// Import is what became of an import.
type Import struct {
	Imported int           `json:"imported" doc:"rows whose grant stands: created, replaced or kept"`
	Failed   int           `json:"failed"`
	Created  int           `json:"created"`
	Replaced int           `json:"replaced"`
	Kept     int           `json:"kept" doc:"rows whose pair is not newer than the stored one"`
	DryRun   bool          `json:"dry_run,omitempty" doc:"nothing was stored"`
	Errors   []ImportError `json:"errors" nullable:"false" doc:"the first thousand; failed counts all"`
	Rows     []ImportedRow `json:"rows,omitempty" nullable:"false" doc:"with rows=true"`
}

// ImportError is a row that was not stored, and why, without the values that were sent.
type ImportError struct {
	Line  int    `json:"line" doc:"where the row begins, from 1"`
	Error string `json:"error"`
}

// ImportedRow is what became of one row.
type ImportedRow struct {
	Line   int    `json:"line"`
	Result string `json:"result" enum:"created,replaced,kept,failed"`
	Grant  string `json:"grant,omitempty"`
	Error  string `json:"error,omitempty"`
}

// importQuery is how an import is asked for.
type importQuery struct {
	options transfer.ImportOptions
	rows    bool   // tell each row
	app     string // for rows that name none
	table   transfer.Table
}

func (s *server) routeImport() {
	s.HandleFunc("POST /v1/grants/import", s.importGrants)
	text := func(name, doc string) *huma.Param {
		return &huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	flag := func(name, doc string) *huma.Param {
		return &huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: huma.TypeBoolean}}
	}
	schemas := s.Huma.OpenAPI().Components.Schemas
	file := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	op := &huma.Operation{
		OperationID: "import-grants", Method: http.MethodPost, Path: "/v1/grants/import", Tags: []string{"grants"},
		Summary: "Import grants that another system kept",
		Description: "A stream of rows: one JSON object a line, or CSV in UTF-8 or GB18030 (charset of the Content-Type), at most 64 KiB a row. " +
			"A row that is wrong stops no other. Repeating an import is harmless, also one that broke off: of two pairs of one app and subject the newer stands.",
		Parameters: []*huma.Param{
			flag("replace", "take a row's pair even if it is not newer, and revive what was revoked"),
			flag("dry_run", "check everything, store nothing"),
			flag("rows", "tell what became of each row; at most 10000 rows then"),
			text("app", "the app of rows that name none"),
			text("map", "of CSV: COLUMN:FIELD pairs joined by commas; FIELD - leaves a column out"),
			text("zone", "of CSV: the time zone of times without one, such as Asia/Shanghai; UTC if absent"),
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/x-ndjson": file, "text/csv": file}},
		Responses: map[string]*huma.Response{
			"200": {Description: "OK", Content: map[string]*huma.MediaType{
				"application/json": {Schema: schemas.Schema(importType, true, "")},
			}},
			"default": {Description: "A problem", Content: map[string]*huma.MediaType{
				"application/problem+json": {Schema: schemas.Schema(problem.Type, true, "")},
			}},
		},
	}
	door.Secure(op)
	s.Huma.OpenAPI().AddOperation(op)
}

func (s *server) importGrants(w http.ResponseWriter, r *http.Request) {
	out, err := s.importBody(w, r)
	if err != nil {
		s.WriteProblem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = wire.WriteJSON(w, out) // the client may be gone; the rows stand
}

func (s *server) importBody(w http.ResponseWriter, r *http.Request) (*Import, error) {
	q, err := readImportQuery(r.URL.Query())
	if err != nil {
		return nil, err
	}
	format, encoding, err := formatOf(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	rows, err := transfer.Open(r.Body, format, encoding, q.table)
	var wrong *transfer.RowError
	if errors.As(err, &wrong) {
		return nil, problem.Invalid("body", wrong.Error())
	}
	if err != nil {
		return nil, problem.New(problem.UnsupportedMedia, err.Error())
	}
	out := &Import{DryRun: q.options.DryRun, Errors: []ImportError{}}
	lots, stop := readAhead(w, rows, q.app)
	defer stop()
	for lot := range lots {
		if err := s.importLot(r.Context(), door.CallerOf(r.Context()).Viewer(), lot, q, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// importLot stores some rows.
func (s *server) importLot(ctx context.Context, v gk.Viewer, lot *importLot, q importQuery, out *Import) error {
	for _, wrong := range lot.wrong {
		out.add(wrong, q.rows)
	}
	if lot.err != nil {
		return brokenBody(lot.err)
	}
	done, err := transfer.Import(ctx, s.Keeper, v, lot.rows, q.options)
	if err != nil {
		return err
	}
	for i, d := range done {
		row := ImportedRow{Line: lot.lines[i], Result: d.Result, Grant: d.Grant}
		if d.Err != nil {
			row.Result, row.Error = "failed", s.importError(ctx, d.Err)
		}
		out.add(row, q.rows)
	}
	if q.rows && len(out.Rows) > mostRowsTold {
		return problem.Invalid("rows", "is for at most 10000 rows; the rows up to here stand, so send the rest by itself")
	}
	return nil
}

// brokenBody is a body that cannot be read to its end. The lots before that place stand.
func brokenBody(err error) error {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return problem.New(problem.TooSlow, "the body stopped coming; send all of it again, what is stored already is kept")
	}
	if errors.Is(err, transfer.ErrEndless) {
		return problem.Invalid("body", err.Error())
	}
	return problem.New(problem.InvalidInput, "the body broke off; send all of it again, what is stored already is kept")
}

// add counts a row.
func (i *Import) add(row ImportedRow, tell bool) {
	switch row.Result {
	case transfer.ImportCreated:
		i.Created++
	case transfer.ImportReplaced:
		i.Replaced++
	case transfer.ImportKept:
		i.Kept++
	default:
		i.Failed++
		if len(i.Errors) < mostErrors {
			i.Errors = append(i.Errors, ImportError{row.Line, row.Error})
		}
	}
	i.Imported = i.Created + i.Replaced + i.Kept
	if tell {
		i.Rows = append(i.Rows, row)
	}
}

// importError says why a row was not stored. What nobody expected goes to the log.
func (s *server) importError(ctx context.Context, err error) string {
	var bad *gk.Invalid
	if errors.As(err, &bad) {
		return bad.Error()
	}
	p := s.AnswerTo(ctx, "", err)
	if p.Fault != nil {
		return "the platform refused the token: " + p.Fault.Code
	}
	return "this row could not be looked into (" + strings.TrimPrefix(p.Type, "/problems/") + "); import it again"
}

func importRow(r transfer.Row) transfer.ImportRow {
	return transfer.ImportRow{
		App: r.App, Subject: r.Subject, Owner: r.Owner, Ceiling: r.Ceiling, Issued: r.Issued, Authorized: r.Authorized,
		Token:  gk.Token{Access: r.Access, Refresh: r.Refresh, Expires: r.Expires, RefreshExpires: r.RefreshExpires, Windows: r.Windows},
		Scopes: r.Scopes, Shops: r.Shops, Facts: r.Facts,
	}
}

// formatOf reads a Content-Type; without one a body is NDJSON.
func formatOf(contentType string) (format, encoding string, err error) {
	if contentType == "" {
		return transfer.FormatNDJSON, "", nil
	}
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", "", problem.New(problem.UnsupportedMedia, "the Content-Type cannot be read")
	}
	encoding = strings.ToLower(parameters["charset"])
	switch kind {
	case "text/csv":
		return transfer.FormatCSV, encoding, nil
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/json", "text/plain":
		return transfer.FormatNDJSON, encoding, nil
	}
	return "", "", problem.New(problem.UnsupportedMedia, "send application/x-ndjson or text/csv")
}

// readImportQuery reads the parameters of an import; unknown ones are refused, as everywhere.
func readImportQuery(given url.Values) (importQuery, error) {
	var q importQuery
	known := []string{"replace", "dry_run", "rows", "app", "map", "zone"}
	for name := range given {
		if !slices.Contains(known, name) {
			return q, problem.Invalid(name, "is no parameter of this route")
		}
	}
	for name, to := range map[string]*bool{"replace": &q.options.Replace, "dry_run": &q.options.DryRun, "rows": &q.rows} {
		if text := given.Get(name); text != "" {
			var err error
			if *to, err = strconv.ParseBool(text); err != nil {
				return q, problem.Invalid(name, "is neither true nor false")
			}
		}
	}
	q.app = given.Get("app")
	var err error
	if q.table.Map, err = readMap(given.Get("map")); err != nil {
		return q, err
	}
	if q.table.Zone, err = time.LoadLocation(given.Get("zone")); err != nil {
		return q, problem.Invalid("zone", "is no time zone, such as Asia/Shanghai")
	}
	return q, nil
}

// readMap reads COLUMN:FIELD pairs.
func readMap(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	fields := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		column, field, ok := strings.Cut(pair, ":")
		if !ok || column == "" {
			return nil, problem.Invalid("map", "is not COLUMN:FIELD pairs joined by commas")
		}
		fields[column] = field
	}
	return fields, nil
}
