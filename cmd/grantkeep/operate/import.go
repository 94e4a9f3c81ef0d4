package operate

import (
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

A shop whose id is not in the table is asked for at its platform. Of two pairs of one shop the newer one stands, so that
repeating an import is harmless; one that broke off says from which line to go on. An export is imported by

  age --decrypt -i key.txt grants.ndjson.age | grantkeep grant import - --rename-app OLD=NEW

The exporting installation must have stopped by then: two that renew one grant end each other's tokens.
The exit status is 1 if a row failed.`
)

// importFlags is what a person says of an import.
type importFlags struct {
	format, encoding, zone, app, report string
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
	flags.StringVar(&f.format, "format", "", "ndjson or csv; by the file's name if not given, else ndjson")
	flags.StringVar(&f.encoding, "encoding", "", "utf-8 or gb18030 (gbk)")
	flags.StringToStringVar(&f.columns, "map", nil, "COLUMN=FIELD of a table, joined by commas; - leaves a column out")
	flags.StringVar(&f.zone, "zone", "", "time zone of a table's times that have none, such as Asia/Shanghai (default UTC)")
	flags.StringVar(&f.app, "app", "", "the app of rows that name none")
	flags.StringToStringVar(&f.rename, "rename-app", nil, "OLD=NEW: the app of another installation and ours")
	flags.BoolVar(&f.dryRun, "dry-run", false, "check everything, store nothing")
	flags.BoolVar(&f.replace, "replace", false, "take pairs that are not newer too, and revive revoked grants")
	flags.IntVar(&f.from, "from-line", 1, "pass over the rows before this line")
	flags.StringVar(&f.report, "report", "", "write what became of each row to this file, one JSON object a line")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

func importFile(ctx context.Context, s shell.Streams, name string, f importFlags) (err error) {
	c, err := remote()
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
	if f.format == "" && strings.HasSuffix(strings.ToLower(name), ".csv") {
		f.format = transfer.FormatCSV
	}
	zone, err := time.LoadLocation(f.zone)
	if err != nil {
		return shell.Usage("--zone is no time zone, such as Asia/Shanghai")
	}
	rows, err := transfer.Open(in, f.format, f.encoding, transfer.Table{Map: f.columns, Zone: zone})
	if err != nil {
		return shell.Usage("%v", err)
	}
	run := &importRun{client: c, streams: s, flags: f, total: client.Import{DryRun: f.dryRun, Errors: []client.ImportError{}}}
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

// importRun is one import under way.
type importRun struct {
	client  *client.Client
	streams shell.Streams
	flags   importFlags
	report  *json.Encoder // nil: none wanted
	total   client.Import
	last    int // line of the last row that is settled
	drawn   bool
}

func (r *importRun) all(ctx context.Context, rows transfer.Reader) error {
	for more := true; more; {
		var err error
		if more, err = r.lot(ctx, rows); err != nil {
			r.endProgress()
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
			if row.App == "" {
				row.App = r.flags.app
			}
			if other, ok := r.flags.rename[row.App]; ok {
				row.App = other
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
	_, err := fmt.Fprintf(r.streams.Out, "%d %s (%d made, %d replaced, %d kept), %d failed\n",
		r.total.Imported, what, r.total.Created, r.total.Replaced, r.total.Kept, r.total.Failed)
	return err
}
