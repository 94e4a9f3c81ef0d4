package postgres_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/grantkeep/grantkeep/store/postgres"
)

// sayingServer answers every connection with an error of this code, until the test ends.
func sayingServer(t *testing.T, address string, code *atomic.Pointer[string]) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			said := pgproto3.NewBackend(conn, conn)
			if _, err := said.ReceiveStartupMessage(); err == nil {
				said.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: *code.Load(), Message: "made up"})
				_ = said.Flush() // whoever asked may have gone
			}
			_ = conn.Close()
		}
	}()
	return l
}

// beStandby answers every connection as a server does that is only read.
func beStandby(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		server := pgproto3.NewBackend(conn, conn)
		ready := &pgproto3.ReadyForQuery{TxStatus: 'I'}
		if _, err := server.ReceiveStartupMessage(); err == nil {
			server.Send(&pgproto3.AuthenticationOk{})
			server.Send(ready)
			_ = server.Flush() // whoever asked may have gone
			if _, err := server.Receive(); err == nil {
				server.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("transaction_read_only"), DataTypeOID: 25, DataTypeSize: -1, TypeModifier: -1}}})
				server.Send(&pgproto3.DataRow{Values: [][]byte{[]byte("on")}})
				server.Send(&pgproto3.CommandComplete{CommandTag: []byte("SHOW")})
				server.Send(ready)
				_ = server.Flush()
			}
		}
		_ = conn.Close()
	}
}

// TestAwaitWaitsForWhatComes has a server that is not there, then recovers, and then refuses the password.
func TestAwaitWaitsForWhatComes(t *testing.T) {
	t.Parallel()
	var code atomic.Pointer[string]
	say := func(c string) { code.Store(&c) }
	say("57P03")
	first := sayingServer(t, "127.0.0.1:0", &code)
	at := first.Addr().String()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	absent, done := make(chan error, 9), make(chan error, 1)
	go func() {
		done <- postgres.Await(t.Context(), "postgres://user:hunter2@"+at+"/db?sslmode=disable", func(err error) { absent <- err })
	}()
	if err := <-absent; strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("a server that is not there is told of as %q, want why, and no password", err)
	}
	sayingServer(t, at, &code)
	say("28P01")
	if err := <-done; err != nil || len(absent) > 0 {
		t.Errorf("Await = %v, told of %d times more; want it to leave a wrong password to Open, and to tell once", err, len(absent))
	}
}

// TestAwaitEndsAtOnceWhereWaitingMendsNothing has servers that say what somebody must do.
func TestAwaitEndsAtOnceWhereWaitingMendsNothing(t *testing.T) {
	t.Parallel()
	var code atomic.Pointer[string]
	l := sayingServer(t, "127.0.0.1:0", &code)
	for said, waits := range map[string]bool{"28P01": false, "28000": false, "3D000": false, "42501": false, "57P03": true, "57P01": true, "53300": true} {
		code.Store(&said)
		ctx, stop := context.WithCancel(t.Context())
		told := false
		err := postgres.Await(ctx, "postgres://user@"+l.Addr().String()+"/db?sslmode=disable", func(error) { told = true; stop() })
		stop()
		if told != waits || waits != errors.Is(err, context.Canceled) {
			t.Errorf("a server that says %s: told %t, %v; want it awaited: %t", said, told, err, waits)
		}
	}
	standby, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = standby.Close() })
	go beStandby(standby)
	ctx, stop := context.WithCancel(t.Context())
	told := error(nil)
	err = postgres.Await(ctx, "postgres://user@"+standby.Addr().String()+"/db?sslmode=disable&target_session_attrs=read-write", func(err error) { told = err; stop() })
	stop()
	if told == nil || !errors.Is(err, context.Canceled) {
		t.Errorf("a standby where a primary is asked for: told %v, %v; want it awaited", told, err)
	}
	for _, bad := range []string{"postgres://user@127.0.0.1:bad/db", "postgres://user@127.0.0.1/db?sslmode=nonsense"} {
		if err := postgres.Await(t.Context(), bad, func(err error) { t.Errorf("%s is awaited: %v", bad, err) }); err != nil {
			t.Errorf("Await of %s = %v, want what Open says", bad, err)
		}
	}
}
