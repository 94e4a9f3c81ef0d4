package api

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/grantkeep/grantkeep/transfer"
)

// importLot is what was read of a body and is stored together. err says that nothing can be read behind the lots before.
type importLot struct {
	rows  []transfer.ImportRow
	lines []int         // where each row began
	wrong []ImportedRow // rows that cannot be read
	err   error
}

// readAhead reads the lots of a body, the next one while the last is stored. stop ends the reading and waits for its end.
func readAhead(rows transfer.Reader, app string, body *http.ResponseController) (lots <-chan *importLot, stop func()) {
	out, stopping, ended := make(chan *importLot), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		defer close(out)
		for more := true; more; {
			_ = body.SetReadDeadline(time.Now().Add(importPatience)) // a recorder in a test has none
			select {
			case <-stopping: // its deadline may have been replaced by the one above
				return
			default:
			}
			var lot *importLot
			lot, more = readLot(rows, app)
			select {
			case out <- lot:
			case <-stopping:
				return
			}
		}
	}()
	return out, func() {
		close(stopping)
		for { // a reader that waits for the body
			_ = body.SetReadDeadline(time.Now())
			select {
			case <-ended:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
}

// readLot reads some rows; more is false at the end of the body.
func readLot(rows transfer.Reader, app string) (lot *importLot, more bool) {
	lot = &importLot{rows: make([]transfer.ImportRow, 0, importAtOnce), lines: make([]int, 0, importAtOnce)}
	for len(lot.rows) < importAtOnce {
		row, err := rows.Next()
		var wrong *transfer.RowError
		switch {
		case err == nil:
			if row.App == "" {
				row.App = app
			}
			lot.rows, lot.lines = append(lot.rows, importRow(row)), append(lot.lines, row.Line)
		case errors.As(err, &wrong):
			lot.wrong = append(lot.wrong, ImportedRow{Line: wrong.Line, Result: "failed", Error: wrong.Why})
		case errors.Is(err, io.EOF):
			return lot, false
		default:
			lot.err = err
			return lot, false
		}
	}
	return lot, true
}
