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

// readerEnds is how long a reader is given that is not waiting for the body.
const readerEnds = 20 * time.Millisecond

// readAhead reads the lots of a body, the next one while the last is stored. stop ends the reading where it has not ended by
// itself, and waits for its end. What is left of the body then would be waited for before the answer, so the connection ends.
func readAhead(w http.ResponseWriter, rows transfer.Reader, app string) (lots <-chan *importLot, stop func()) {
	body := http.NewResponseController(w)
	out, stopping, ended := make(chan *importLot), make(chan struct{}), make(chan struct{})
	whole := false // the end of the body was read
	go func() {
		defer close(ended)
		defer close(out)
		// A deadline that passes while nothing is read any more would end the connection, and with it the request.
		defer func() { _ = body.SetReadDeadline(time.Time{}) }()
		for more := true; more; {
			_ = body.SetReadDeadline(time.Now().Add(importPatience)) // a recorder in a test has none
			select {
			case <-stopping: // its deadline may have been replaced by the one above
				return
			default:
			}
			var lot *importLot
			lot, more = readLot(rows, app)
			whole = !more && lot.err == nil
			select {
			case out <- lot:
			case <-stopping:
				return
			}
		}
	}()
	return out, func() {
		close(stopping)
		select {
		case <-ended:
			if !whole {
				w.Header().Set("Connection", "close")
			}
			return
		case <-time.After(readerEnds):
		}
		w.Header().Set("Connection", "close")
		for ; ; time.Sleep(readerEnds) {
			_ = body.SetReadDeadline(time.Now())
			select {
			case <-ended:
				return
			default:
			}
		}
	}
}

// readLot reads some rows; more is false at the end of the body.
func readLot(rows transfer.Reader, app string) (lot *importLot, more bool) {
	lot = &importLot{rows: make([]transfer.ImportRow, 0, importAtOnce), lines: make([]int, 0, importAtOnce)}
	for bytes := 0; len(lot.rows) < importAtOnce && bytes < importBytes; {
		row, err := rows.Next()
		bytes += row.Bytes
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
