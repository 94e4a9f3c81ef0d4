package transfer

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	gk "github.com/grantkeep/grantkeep"
)

// Columns are the fields that a table may have, in the order in which they are written.
var Columns = []string{
	"app", "kind", "id", "parent", "host", "region", "name", "owner", "access", "refresh", "expires_at",
	"refresh_token_expires_at", "authorization_expires_at", "issued_at", "authorized_at", "scopes",
}

// keyColumns are fields of a table that names its apps as the platforms do, instead of by our ids.
var keyColumns = []string{"platform", "app_key"}

// usual are names that tables of others have, with the field that each stands for.
var usual = map[string]string{
	"subject_kind": "kind", "subject_id": "id", "shop_id": "id", "store_id": "id", "subject_host": "host", "store_domain": "host",
	"access_token": "access", "refresh_token": "refresh", "token_expires_at": "expires_at", "access_token_expires_at": "expires_at",
	"refresh_expires_at": "refresh_token_expires_at",
	"appkey":             "app_key", "client_id": "app_key", "partner_id": "app_key",
}

// Table says how a CSV file is to be read.
type Table struct {
	Map  map[string]string // field by column; "-" leaves a column out. Columns that stand here need no usual name
	Zone *time.Location    // of times without a zone, such as 2026-03-01 08:00:00; nil: UTC
	Keys bool              // rows may name their app by platform and app_key
}

// CSV reads a table whose first line names its columns. An error says that the head is of no use.
func CSV(r io.Reader, t Table) (Reader, error) {
	in := &bounded{in: r}
	c := &csvReader{in: in, csv: csv.NewReader(in), zone: t.Zone}
	c.csv.ReuseRecord = true
	if c.zone == nil {
		c.zone = time.UTC
	}
	in.left = LongestRow
	head, err := c.csv.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, &RowError{1, "the table has no head that names its columns"}
	case err != nil:
		return nil, c.broken(err)
	}
	for i, column := range head {
		if !utf8.ValidString(column) && t.Map[column] == "" {
			return nil, &RowError{1, fmt.Sprintf("column %d %s", i+1, foreign(column))}
		}
	}
	for i, column := range head {
		if i == 0 {
			column = strings.TrimPrefix(column, string(byteOrderMark))
		}
		field, err := t.fieldOf(column)
		if err != nil {
			return nil, &RowError{1, fmt.Sprintf("column %d %s", i+1, err.Error())}
		}
		if field != "-" && slices.Contains(c.fields, field) {
			return nil, &RowError{1, fmt.Sprintf("column %d: another column is %s already", i+1, field)}
		}
		c.fields = append(c.fields, field)
	}
	return c, nil
}

// shown is a column's name for an error, where it can be nothing but a name: the first row of a table without a header may
// hold tokens.
func shown(column string) string {
	other := func(r rune) bool { return !unicode.IsLetter(r) && r != '_' && r != '-' && r != ' ' }
	if column == "" || utf8.RuneCountInString(column) > 20 || strings.ContainsFunc(column, other) {
		return ""
	}
	return "(" + column + ") "
}

// fieldOf returns which field a column holds.
func (t Table) fieldOf(column string) (string, error) {
	fields := Columns
	if t.Keys {
		fields = slices.Concat(keyColumns, Columns)
	}
	column = strings.TrimSpace(column)
	field, ok := t.Map[column]
	lower := strings.ToLower(column)
	if !ok {
		if field, ok = usual[lower]; !ok {
			field = lower
		}
	}
	switch {
	case field == "-" || slices.Contains(fields, field):
		return field, nil
	case slices.Contains(keyColumns, field):
		return "", fmt.Errorf("%sis how a platform names the app; give --apps-from FILE with the apps and their secrets, or map it to - and give --app", shown(column))
	}
	return "", fmt.Errorf("%sis none of %s; map it to one of them, or to - to leave it out", shown(column), strings.Join(fields, ", "))
}

// foreign says which encoding a text that is not UTF-8 has, as far as its bytes tell.
func foreign(text string) string {
	decoded, err := simplifiedchinese.GB18030.NewDecoder().String(text)
	switch {
	case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"):
		return "is UTF-16; save the file as CSV UTF-8"
	case err == nil && !strings.ContainsRune(decoded, utf8.RuneError):
		return "is no UTF-8 text, and reads as GB18030, as tables from Excel in China are; give --encoding gb18030 (charset=gb18030 in a Content-Type)"
	}
	return "is neither UTF-8 text nor GB18030; save the file as CSV UTF-8"
}

type csvReader struct {
	in     *bounded
	csv    *csv.Reader
	fields []string
	zone   *time.Location
}

// Next implements [Reader].
func (c *csvReader) Next() (Row, error) {
	c.in.left = LongestRow
	record, err := c.csv.Read()
	if errors.Is(err, io.EOF) {
		return Row{}, io.EOF
	}
	if err != nil {
		return Row{}, c.broken(err)
	}
	line, _ := c.csv.FieldPos(0)
	row := Row{Line: line}
	for _, cell := range record {
		row.Bytes += len(cell)
	}
	for i, field := range c.fields {
		if err := c.set(&row, field, record[i]); err != nil {
			return Row{}, &RowError{line, field + " " + err.Error()}
		}
	}
	return row, nil
}

// broken tells a row that is wrong from a file that cannot be read on.
func (c *csvReader) broken(err error) error {
	var p *csv.ParseError
	switch {
	case !errors.As(err, &p):
		return err
	case errors.Is(p.Err, csv.ErrFieldCount):
		return &RowError{p.StartLine, fmt.Sprintf("has another number of fields than the head, which has %d", len(c.fields))}
	}
	return &RowError{p.StartLine, "a quotation mark is not closed, or stands inside a field without quotation marks"}
}

func (c *csvReader) set(r *Row, field, value string) error {
	switch {
	case !utf8.ValidString(value):
		return errors.New(foreign(value))
	case strings.ContainsRune(value, utf8.RuneError):
		return errors.New("does not decode in the encoding that was given; is the file UTF-8?")
	}
	if field != "name" {
		value = strings.TrimSpace(value)
	}
	if field == "-" || value == "" || value == "NULL" || value == `\N` {
		return nil
	}
	value = plainCell(value)
	if text := textOf(r, field); text != nil {
		*text = value
		return nil
	}
	if moment := momentOf(r, field); moment != nil {
		at, err := c.time(value)
		*moment = at
		return err
	}
	switch field {
	case "access":
		r.Access = gk.NewSecret(value)
	case "refresh":
		r.Refresh = gk.NewSecret(value)
	case "scopes":
		r.Scopes = strings.FieldsFunc(value, func(c rune) bool { return c == ' ' || c == ',' })
	}
	return nil
}

// textOf returns where a column of text goes; nil for others.
func textOf(r *Row, field string) *string {
	switch field {
	case "app":
		return &r.App
	case "platform":
		return &r.Platform
	case "app_key":
		return &r.AppKey
	case "kind":
		return &r.Subject.Kind
	case "id":
		return &r.Subject.ID
	case "parent":
		return &r.Subject.Parent
	case "host":
		return &r.Subject.Host
	case "region":
		return &r.Subject.Region
	case "name":
		return &r.Subject.Name
	case "owner":
		return &r.Owner
	}
	return nil
}

// momentOf returns where a column of times goes; nil for others.
func momentOf(r *Row, field string) *time.Time {
	switch field {
	case "expires_at":
		return &r.Expires
	case "refresh_token_expires_at":
		return &r.RefreshExpires
	case "authorization_expires_at":
		return &r.Ceiling
	case "issued_at":
		return &r.Issued
	case "authorized_at":
		return &r.Authorized
	}
	return nil
}

// time reads RFC 3339, unix seconds, or the form of a database, which has no zone.
func (c *csvReader) time(value string) (time.Time, error) {
	if at, err := gk.ParseTime(value); err == nil {
		return at, nil
	}
	for _, form := range []string{time.DateTime, "2006/1/2 15:04:05", "2006/1/2 15:04"} {
		if at, err := time.ParseInLocation(form, value, c.zone); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, errors.New("is neither RFC 3339 nor unix seconds nor of the form 2026-03-01 08:00:00")
}

// bounded ends a file whose row does not end: a quotation mark that is never closed would make one row of all the rest.
type bounded struct {
	in   io.Reader
	left int
}

// ErrEndless is the error of a table whose row does not end; nothing behind it can be read.
var ErrEndless = fmt.Errorf("a row is longer than %d bytes; is a quotation mark not closed?", LongestRow)

// Read implements [io.Reader].
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, ErrEndless
	}
	n, err := b.in.Read(p)
	b.left -= n
	return n, err
}
