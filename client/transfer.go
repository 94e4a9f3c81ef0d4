package client

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Import is what became of an import.
type Import struct {
	Imported int           `json:"imported"` // created, replaced and kept
	Failed   int           `json:"failed"`
	Created  int           `json:"created"`
	Replaced int           `json:"replaced"`
	Kept     int           `json:"kept"` // their pair was not newer than the stored one
	DryRun   bool          `json:"dry_run,omitempty"`
	Errors   []ImportError `json:"errors"`
	Rows     []ImportedRow `json:"rows,omitempty"` // if the query asked for them
}

// ImportError is a row that was not stored, by the line on which it begins.
type ImportError struct {
	Line  int    `json:"line"`
	Error string `json:"error"`
}

// ImportedRow is what became of one row: created, replaced, kept or failed.
type ImportedRow struct {
	Line   int    `json:"line"`
	Result string `json:"result"`
	Grant  string `json:"grant,omitempty"`
	Error  string `json:"error,omitempty"`
}

// Import sends rows as application/x-ndjson or text/csv; query takes the contract's parameters. Repeating an
// import with the same rows is harmless.
func (c *Client) Import(ctx context.Context, contentType string, rows io.Reader, query url.Values) (Import, error) {
	var out Import
	req, err := c.request(ctx, http.MethodPost, "/v1/grants/import", query, rows)
	if err != nil {
		return out, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set(idempotencyKey, rand.Text())
	return out, c.exchange(req, &out)
}

// Export returns a file of grants with their tokens, which age opens with the identity of recipient (age1…). query
// narrows it by the contract's filters. Whoever gets the file closes it, and reads it to its end: one that broke off
// does not open.
func (c *Client) Export(ctx context.Context, recipient string, query url.Values) (*Exported, error) {
	all := url.Values{"recipient": {recipient}}
	for name, values := range query {
		all[name] = values
	}
	req, err := c.request(ctx, http.MethodGet, "/v1/grants/export", all, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.unlimited().Do(req)
	if err != nil {
		return nil, failed(req, err)
	}
	if res.StatusCode != http.StatusOK {
		defer func() { _ = res.Body.Close() }() // only read from
		return nil, refusal(req, res)
	}
	return &Exported{res.Body, res}, nil
}

// Exported is the file of an export, which the caller closes.
type Exported struct {
	io.ReadCloser

	res *http.Response
}

// LeftOut names, once the file has been read to its end, the grants that are not in it because they cannot be read or
// their app is stopped: "ID damaged" or "ID stopped". Empty: all are in it.
func (e *Exported) LeftOut() []string {
	text := e.res.Trailer.Get("Grantkeep-Left-Out")
	if text == "" {
		return nil
	}
	return strings.Split(text, ", ")
}
