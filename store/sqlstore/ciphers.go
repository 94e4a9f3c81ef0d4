package sqlstore

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// sealedColumn is a column of ciphertexts: what names a row of it, which rows have one, and whether it stands there as text,
// in base64; such ones are few.
type sealedColumn struct {
	table, column, row, key, where string
	text                           bool
}

var sealedColumns = []sealedColumn{
	{table: "clicks", column: "answer", row: "id", key: "id = $1", where: "answer IS NOT NULL"},
	{table: "outlets", column: "sealed", row: "id", key: "id = $1", where: "sealed IS NOT NULL"},
	{table: "replies", column: "answer", row: "key_id, id", key: "key_id = $1 AND id = $4", where: "answer IS NOT NULL"},
	{table: "people", column: "code", row: "id", key: "id = $1", where: "code <> ''", text: true},
	{table: "meta", column: "v", row: "k", key: "k = $1", where: "k = 'keyring_check'", text: true},
}

func (c sealedColumn) scan(r Row) (one store.Ciphertext, err error) {
	one.Table, one.Field = c.table, c.column
	var text string
	var more []byte
	switch {
	case c.text:
		err = r.Scan(&one.Row, &text)
		one.Sealed, _ = base64.StdEncoding.DecodeString(text) // what is none is no ciphertext
	case strings.Contains(c.row, ","):
		err = r.Scan(&one.Row, &more, sealed(&one.Sealed))
		one.Row += " " + hex.EncodeToString(more)
	default:
		err = r.Scan(&one.Row, sealed(&one.Sealed))
	}
	return one, err
}

// beside returns the ciphertexts of a column that do not begin so.
func (c sealedColumn) beside(ctx context.Context, q Querier, beginning []byte, limit int) (found []store.Ciphertext, err error) {
	query := `SELECT ` + c.row + `, ` + c.column + ` FROM ` + c.table + ` WHERE ` + c.where
	if !c.text {
		return all(ctx, q, c.scan, query+` AND substr(`+c.column+`, 1, `+strconv.Itoa(len(beginning))+`) <> $1 LIMIT $2`, beginning, int64(limit))
	}
	some, err := all(ctx, q, c.scan, query)
	for _, one := range some {
		if len(one.Sealed) > 0 && !bytes.HasPrefix(one.Sealed, beginning) && len(found) < limit {
			found = append(found, one)
		}
	}
	return found, err
}

// CiphertextsBeside implements [store.Ciphertexts].
func (s *Store) CiphertextsBeside(ctx context.Context, beginning []byte, limit int) (found []store.Ciphertext, err error) {
	err = s.db.Snapshot(ctx, func(ctx context.Context, q Querier) error {
		found = nil
		for _, c := range sealedColumns {
			more, err := c.beside(ctx, q, beginning, limit-len(found))
			if found = append(found, more...); err != nil || len(found) >= limit {
				return err
			}
		}
		return nil
	})
	return found, err
}

// ReplaceCiphertext implements [store.Ciphertexts].
func (s *Store) ReplaceCiphertext(ctx context.Context, old store.Ciphertext, with gk.Sealed, key int64) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		for _, c := range sealedColumns {
			if c.table != old.Table || c.column != old.Field {
				continue
			}
			args, also := []any{old.Row, blob(old.Sealed), blob(with)}, ""
			switch {
			case c.text:
				args[1], args[2] = base64.StdEncoding.EncodeToString(old.Sealed), base64.StdEncoding.EncodeToString(with)
			case c.table == "clicks":
				args, also = append(args, key), ", answer_key = $4"
			case c.table == "replies":
				by, id, _ := strings.Cut(old.Row, " ")
				raw, err := hex.DecodeString(id)
				if err != nil {
					return err
				}
				args = []any{by, args[1], args[2], blob(raw)}
			}
			_, err := exec(ctx, q, `UPDATE `+c.table+` SET `+c.column+` = $3`+also+` WHERE `+c.key+` AND `+c.column+` = $2`, args...)
			return err
		}
		return nil
	})
}

// NoteKeyset implements [store.Ciphertexts].
func (s *Store) NoteKeyset(ctx context.Context, by string, set int64) error {
	identity, incarnation, ok := store.IdentityOf(by)
	if !ok {
		return nil
	}
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		_, err := exec(ctx, q, `UPDATE instances SET keyset = $3, keyset_by = $2 WHERE id = $1 AND incarnation = $2`, identity, incarnation, set)
		return err
	})
}

// BehindKeyset implements [store.Ciphertexts]. What an earlier process of an identity noted says nothing of a later one.
func (s *Store) BehindKeyset(ctx context.Context, set int64) ([]string, error) {
	return all(ctx, s.db, scanText, `SELECT id FROM instances WHERE keyset < $1 OR keyset_by <> incarnation ORDER BY id`, set)
}
