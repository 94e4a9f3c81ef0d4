package operate

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/transfer"
)

const (
	importLot  = 1000 // rows sent together
	mostWrong  = 20   // failed rows told on the terminal; the report has all
	importLong = `Imports grants that another system kept.

Reads one JSON object a line, or a table whose first line names its columns, from FILE or from standard input (-).
The fields of a table are app, kind, id, parent, host, region, name, owner, access, refresh, expires_at,
refresh_token_expires_at, authorization_expires_at, issued_at, authorized_at and scopes; usual names of columns, such as
store_domain, access_token, refresh_token and token_expires_at, are known, others are mapped:

  grantkeep grant import shops.csv --app APP --encoding gb18030 --zone Asia/Shanghai --map 店铺=name,remark=-

A table of several apps has columns platform and app_key (client_id, partner_id); --apps-from names a file with the apps and
their secrets, one JSON object a line. Each app of it that the table names is found here, or made:

  grantkeep grant import shop_config.csv --apps-from apps.ndjson --dry-run

A shop whose id is not in the table is asked for at its platform. Of two pairs of one shop the newer one stands, so that
repeating an import is harmless; one that broke off says from which line to go on. An export is imported by

  age --decrypt -i key.txt grants.ndjson.age | grantkeep grant import - --rename-app OLD=NEW

The exporting installation must have stopped by then: two that renew one grant end each other's tokens.
The exit status is 1 if a row failed.`
)

// importFlags is what a person says of an import.
type importFlags struct {
	format, encoding, zone, app, report string
	appsFrom                            string
	columns, rename                     map[string]string
	dryRun, replace, json               bool
	from                                int
}

func grantImport(s shell.Streams) *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Import grants from NDJSON or CSV", Long: importLong, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return importFile(cmd.Context(), s, args[0], f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", "", "ndjson or csv; if not given by what the file begins with")
	flags.StringVar(&f.encoding, "encoding", "", "utf-8 or gb18030 (gbk)")
	flags.StringToStringVar(&f.columns, "map", nil, "COLUMN=FIELD of a table, joined by commas; - leaves a column out")
	flags.StringVar(&f.zone, "zone", "", "time zone of a table's times that have none, such as Asia/Shanghai (default UTC)")
	flags.StringVar(&f.app, "app", "", "the app of rows that name none")
	flags.StringVar(&f.appsFrom, "apps-from", "", "a file with the apps of a table and their secrets, one JSON object a line, mode 0600")
	flags.StringToStringVar(&f.rename, "rename-app", nil, "OLD=NEW: the app of another installation and ours")
	flags.BoolVar(&f.dryRun, "dry-run", false, "check everything, store nothing")
	flags.BoolVar(&f.replace, "replace", false, "take pairs that are not newer too, and revive revoked grants")
	flags.IntVar(&f.from, "from-line", 1, "pass over the rows before this line")
	flags.StringVar(&f.report, "report", "", "write what became of each row to this file, one JSON object a line")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

func importFile(ctx context.Context, s shell.Streams, name string, f importFlags) (err error) {
	c, err := shell.Remote()
	if err != nil {
		return err
	}
	in := s.In
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("%w; give the path of a table, or - for standard input", err)
		}
		defer func() { _ = file.Close() }() // only read from
		in = file
	}
	begun := bufio.NewReader(in)
	if f.format == "" {
		f.format = formatOf(begun)
	}
	zone, err := time.LoadLocation(f.zone)
	if err != nil {
		return shell.Usage("--zone is no time zone, such as Asia/Shanghai")
	}
	run := &importRun{client: c, streams: s, flags: f, total: client.Import{DryRun: f.dryRun, Errors: []client.ImportError{}}}
	if err := run.prepare(ctx); err != nil {
		return err
	}
	rows, err := transfer.Open(begun, f.format, f.encoding, transfer.Table{Map: f.columns, Zone: zone, Keys: run.apps != nil})
	if err != nil {
		return shell.Usage("%v", err)
	}
	if f.report != "" {
		report, err := os.OpenFile(f.report, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, report.Close()) }()
		run.report = json.NewEncoder(report)
	}
	return run.all(ctx, rows)
}

// formatOf tells a table from JSON by what a file begins with.
func formatOf(in *bufio.Reader) string {
	begins, _ := in.Peek(64) // an error comes again when the file is read
	begins = bytes.TrimLeft(bytes.TrimPrefix(begins, []byte("\ufeff")), " \t\r\n")
	if len(begins) == 0 || begins[0] == '{' {
		return transfer.FormatNDJSON
	}
	return transfer.FormatCSV
}

// prepare looks at what was said of apps before the first row is read.
func (r *importRun) prepare(ctx context.Context) error {
	if r.flags.app != "" {
		_, err := r.client.App(ctx, r.flags.app)
		var problem *client.Problem
		if errors.As(err, &problem) && problem.Name() == "not-found" {
			return shell.Usage("--app %s names no app that this key may see; grantkeep app list shows those", r.flags.app)
		}
	}
	if r.flags.appsFrom == "" {
		return nil
	}
	if r.flags.format != transfer.FormatCSV {
		return shell.Usage("--apps-from goes with a table; rows of NDJSON name their app by its id here")
	}
	given, err := readAppFile(r.flags.appsFrom)
	if err != nil {
		return err
	}
	r.apps = &keyedApps{client: r.client, dryRun: r.flags.dryRun, given: given, tell: func(text string) {
		r.endProgress()
		_, _ = fmt.Fprintln(r.streams.Err, strings.Map(shell.Printable, text)) // a broken terminal stops no import
	}}
	return nil
}

// appOf fills in the app of a row. An error of the row has a text; any other ends the import.
func (r *importRun) appOf(ctx context.Context, row *transfer.Row) (wrong string, err error) {
	if row.App == "" && row.AppKey != "" && r.apps != nil {
		row.App, err = r.apps.find(ctx, row.Platform, row.AppKey)
		if errors.Is(err, errNoSuchKey) || errors.Is(err, errWhichApp) || errors.Is(err, errNotMade) {
			return err.Error(), nil
		}
		return "", err
	}
	if row.App == "" {
		row.App = r.flags.app
	}
	if other, ok := r.flags.rename[row.App]; ok {
		row.App = other
	}
	switch {
	case row.App != "":
		return "", nil
	case r.last > 0:
		return "app: is missing; give --app APP for rows that name none", nil
	}
	return "", r.whichApp(ctx)
}

// mostAppsNamed is how many apps an error lists.
const mostAppsNamed = 8

// whichApp is the error of a file whose first row names no app: so would all the others.
func (r *importRun) whichApp(ctx context.Context) error {
	ours, err := r.client.Apps(ctx)
	if err != nil {
		return err
	}
	if len(ours) == 0 {
		return shell.Usage("the rows name no app, and there is none yet: make one with grantkeep app add, and give --app APP")
	}
	var list strings.Builder
	for _, a := range ours[:min(len(ours), mostAppsNamed)] {
		_, _ = fmt.Fprintf(&list, "\n  %s  %s  %s", a.ID, a.Platform, strings.Map(shell.Printable, a.Name)) // a builder takes all
	}
	if len(ours) > mostAppsNamed {
		list.WriteString("\n  … grantkeep app list shows all")
	}
	return shell.Usage("the rows name no app: give --app APP, or --apps-from FILE for a table with app keys. There are%s", list.String())
}

// importRun is one import under way.
type importRun struct {
	client  *client.Client
	streams shell.Streams
	flags   importFlags
	report  *json.Encoder // nil: none wanted
	apps    *keyedApps    // nil: rows do not name theirs by key
	total   client.Import
	unasked int // rows that a dry run could not check
	last    int // line of the last row that is settled
	drawn   bool
}

func (r *importRun) all(ctx context.Context, rows transfer.Reader) error {
	for more := true; more; {
		var err error
		if more, err = r.lot(ctx, rows); err != nil {
			r.endProgress()
			if r.last == 0 {
				return err
			}
			return fmt.Errorf("%w\nstopped behind line %d, what is before it stands; go on with --from-line %d", err, r.last, r.last+1)
		}
		r.progress()
	}
	r.endProgress()
	return r.finish()
}

// lot reads some rows, sends them, and notes what became of them.
func (r *importRun) lot(ctx context.Context, rows transfer.Reader) (more bool, err error) {
	var body bytes.Buffer
	var lines []int
	var settled []client.ImportedRow
	more = true
	for more && len(lines)+len(settled) < importLot {
		row, err := rows.Next()
		var wrong *transfer.RowError
		switch {
		case errors.Is(err, io.EOF):
			more = false
		case errors.As(err, &wrong) && wrong.Line >= r.flags.from:
			settled = append(settled, client.ImportedRow{Line: wrong.Line, Result: "failed", Error: wrong.Why})
		case wrong != nil, err == nil && row.Line < r.flags.from:
		case err != nil:
			return false, err
		default:
			why, err := r.appOf(ctx, &row)
			if err != nil {
				return false, err
			}
			if why != "" {
				settled = append(settled, client.ImportedRow{Line: row.Line, Result: result(why), Error: why})
				continue
			}
			line, err := transfer.FormatLine(row)
			if err != nil {
				return false, err
			}
			body.Write(line)
			lines = append(lines, row.Line)
		}
	}
	if len(lines) > 0 {
		query := url.Values{"rows": {"true"}, "dry_run": {strconv.FormatBool(r.flags.dryRun)}, "replace": {strconv.FormatBool(r.flags.replace)}}
		out, err := r.client.Import(ctx, "application/x-ndjson", bytes.NewReader(body.Bytes()), query)
		if err != nil {
			return false, err
		}
		for _, row := range out.Rows {
			if row.Line < 1 || row.Line > len(lines) {
				return false, fmt.Errorf("the server tells of a row %d that it was not sent", row.Line)
			}
			row.Line = lines[row.Line-1]
			settled = append(settled, row)
		}
	}
	return more, r.note(settled)
}

// resultUnchecked is what becomes of a row whose app a dry run would have to make first.
const resultUnchecked = "unchecked"

func result(why string) string {
	if why == errNotMade.Error() {
		return resultUnchecked
	}
	return "failed"
}

// note counts settled rows and reports them.
func (r *importRun) note(rows []client.ImportedRow) error {
	for _, row := range rows {
		r.last = max(r.last, row.Line)
		switch row.Result {
		case "created":
			r.total.Created++
		case "replaced":
			r.total.Replaced++
		case "kept":
			r.total.Kept++
		case resultUnchecked:
			r.unasked++
		default:
			r.total.Failed++
			if len(r.total.Errors) < mostWrong {
				r.total.Errors = append(r.total.Errors, client.ImportError{Line: row.Line, Error: row.Error})
			}
		}
		if r.report == nil {
			continue
		}
		if err := r.report.Encode(row); err != nil {
			return err
		}
	}
	r.total.Imported = r.total.Created + r.total.Replaced + r.total.Kept
	return nil
}

// progress draws over its own line, on a terminal only.
func (r *importRun) progress() {
	if f, ok := r.streams.Err.(*os.File); ok && shell.IsTerminal(f) {
		r.drawn = true
		_, _ = fmt.Fprintf(f, "\r%d rows imported, %d failed", r.total.Imported, r.total.Failed) // a broken terminal stops no import
	}
}

func (r *importRun) endProgress() {
	if r.drawn {
		_, _ = fmt.Fprintln(r.streams.Err) // as above
	}
}

func (r *importRun) finish() error {
	if r.flags.json {
		if err := shell.PrintJSON(r.streams.Out, r.total); err != nil {
			return err
		}
	} else if err := r.say(); err != nil {
		return err
	}
	if r.total.Failed > 0 {
		return shell.ErrFailed
	}
	return nil
}

func (r *importRun) say() error {
	for _, wrong := range r.total.Errors {
		if _, err := fmt.Fprintf(r.streams.Err, "line %d: %s\n", wrong.Line, strings.Map(shell.Printable, wrong.Error)); err != nil {
			return err
		}
	}
	if more := r.total.Failed - len(r.total.Errors); more > 0 {
		if _, err := fmt.Fprintf(r.streams.Err, "and %d more; --report FILE tells all\n", more); err != nil {
			return err
		}
	}
	what := "imported"
	if r.flags.dryRun {
		what = "would be imported"
	}
	unchecked := ""
	if r.unasked > 0 {
		unchecked = fmt.Sprintf(", %d not checked: their apps are not made yet", r.unasked)
	}
	_, err := fmt.Fprintf(r.streams.Out, "%d %s (%d made, %d replaced, %d kept), %d failed%s\n",
		r.total.Imported, what, r.total.Created, r.total.Replaced, r.total.Kept, r.total.Failed, unchecked)
	return err
}
