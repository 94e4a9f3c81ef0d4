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
	floor, err := s.db.rows(ctx, s.o.Rows)
	if err != nil {
		return err
	}
	var took time.Duration
	each, err := s.workOf(s.o.Rows, func() (err error) {
		took, err = s.quiet(ctx, s.o.Rows)
		return err
	})
	if err != nil {
		return err
	}
	r.line("import", rate(s.o.Rows, took), " rows/s", floor, "bare inserts")
	r.line("  processor, each row", each, " µs", 0, "")
	who, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	var rows int
	begun := time.Now()
	each, err = s.workOf(s.stores, func() (err error) {
		rows, err = s.exported(ctx, who)
		return err
	})
	if err != nil {
		return err
	}
	if rows != s.stores {
		return fmt.Errorf("%d rows were exported of %d", rows, s.stores)
	}
	r.line("export", rate(rows, time.Since(begun)), " rows/s", 0, "")
	r.line("  processor, each row", each, " µs", 0, "")
	return nil
}

// exported exports everything and returns how many rows came.
func (s *server) exported(ctx context.Context, who *age.X25519Identity) (rows int, err error) {
	res, err := s.plain(ctx, http.MethodGet, "/v1/grants/export?recipient="+who.Recipient().String(), nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	clear, err := age.Decrypt(res.Body, who)
	if err != nil {
		return 0, err
	}
	lines := bufio.NewReaderSize(clear, 64<<10)
	for {
		_, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows++
	}
}
