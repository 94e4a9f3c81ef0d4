package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"filippo.io/age"
)

// files measures an import and an export of everything.
func files(ctx context.Context, s *server, r *report) error {
	took, err := s.quiet(ctx, s.o.Rows)
	if err != nil {
		return err
	}
	r.line("import", rate(s.o.Rows, took), " rows/s", 0, "")
	who, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	begun := time.Now()
	res, err := s.plain(ctx, http.MethodGet, "/v1/grants/export?recipient="+who.Recipient().String(), nil)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	clear, err := age.Decrypt(res.Body, who)
	if err != nil {
		return err
	}
	rows := 0
	lines := bufio.NewReaderSize(clear, 64<<10)
	for {
		_, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		rows++
	}
	if rows != s.stores {
		return fmt.Errorf("%d rows were exported of %d", rows, s.stores)
	}
	r.line("export", rate(rows, time.Since(begun)), " rows/s", 0, "")
	return nil
}
