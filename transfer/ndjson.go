package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// NDJSON reads one JSON object a line. Blank lines are passed over; a line longer than LongestRow is wrong by itself.
func NDJSON(r io.Reader) Reader {
	return &ndjson{in: bufio.NewReaderSize(r, LongestRow)}
}

type ndjson struct {
	in   *bufio.Reader
	line int
}

var byteOrderMark = []byte("\ufeff")

// Next implements [Reader].
func (n *ndjson) Next() (Row, error) {
	for {
		text, err := n.in.ReadSlice('\n')
		if len(text) == 0 && err != nil {
			return Row{}, err
		}
		n.line++
		if errors.Is(err, bufio.ErrBufferFull) {
			return Row{}, n.pass()
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return Row{}, err // a line that was cut off is no row, even if it reads like one
		}
		if n.line == 1 {
			text = bytes.TrimPrefix(text, byteOrderMark)
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		row, err := ParseLine(text)
		if err != nil {
			return Row{}, &RowError{n.line, err.Error()}
		}
		row.Line, row.Bytes = n.line, len(text)
		return row, nil
	}
}

// pass reads the rest of a line that is too long.
func (n *ndjson) pass() error {
	for {
		_, err := n.in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil, errors.Is(err, io.EOF):
			return &RowError{n.line, fmt.Sprintf("is longer than %d bytes", LongestRow)}
		default:
			return err
		}
	}
}
