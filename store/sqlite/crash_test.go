package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite"
)

// childEnv names what a child of a test does, and where: the test binary runs itself.
const childEnv = "GRANTKEEP_TEST_CHILD"

func TestMain(m *testing.M) {
	what, dir, _ := strings.Cut(os.Getenv(childEnv), " ")
	switch what {
	case "":
		os.Exit(m.Run())
	case "write":
		os.Exit(report(writeForEver(dir)))
	case "fill":
		os.Exit(report(fillDisk(dir)))
	}
	os.Exit(2)
}

func report(err error) int {
	if err == nil {
		return 0
	}
	fmt.Println("error:", err)
	return 1
}

// child prepares a run of this binary.
func child(t *testing.T, what, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+what+" "+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// writeForEver stores events and prints the id of each that is stored.
func writeForEver(dir string) error {
	s, err := sqlite.Open(context.Background(), dir)
	if err != nil {
		return err
	}
	out := make(chan string)
	for w := range 8 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("event-%d-%06d", w, i)
				if err := s.Append(context.Background(), gk.Event{ID: id, At: time.Now()}); err != nil {
					id = "error: " + err.Error()
				}
				out <- id
			}
		}()
	}
	for id := range out {
		fmt.Println(id)
	}
	return nil
}

func TestWhatWasAnsweredSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		cmd := child(t, "write", dir)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		answered := map[string]bool{}
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "error") {
				t.Fatal(lines.Text())
			}
			if answered[lines.Text()] = true; len(answered) == 500 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // it was killed
		if len(answered) < 500 {
			t.Fatalf("the writer ended after %d events", len(answered))
		}

		s, err := sqlite.Open(t.Context(), dir) // the system gave the lock back
		if err != nil {
			t.Fatalf("Open after a kill = %v", err)
		}
		if _, err := s.Publish(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		events, err := s.EventsAfter(t.Context(), gk.Engine(), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			delete(answered, e.ID)
		}
		if len(answered) != 0 {
			t.Errorf("%d events were answered and are lost", len(answered))
		}
		if _, err := s.Sweep(t.Context(), time.Now().Add(365*24*time.Hour), 1<<20); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// fillDisk writes until files may not grow any more, lets them grow again and goes on.
func fillDisk(dir string) error {
	signal.Ignore(syscall.SIGXFSZ)
	ctx := context.Background()
	s, err := sqlite.Open(ctx, dir)
	if err != nil {
		return err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	small := limit
	small.Cur = 1 << 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		return err
	}
	big := gk.Event{Kind: strings.Repeat("x", 10_000), At: time.Now()}
	stored := 0
	for ; ; stored++ {
		big.ID = fmt.Sprint("event-", stored)
		if err = s.Append(ctx, big); err != nil {
			break
		}
		if stored > 1000 {
			return errors.New("ten megabytes fit into one")
		}
	}
	if !errors.Is(err, store.ErrUnavailable) {
		return fmt.Errorf("a full disk is no ErrUnavailable: %w", err)
	}
	if _, err := s.EventsAfter(ctx, gk.Engine(), 0, 1); err != nil {
		return fmt.Errorf("reading while the disk is full: %w", err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if err := s.Append(ctx, big); err != nil {
		return fmt.Errorf("after there is room again: %w", err)
	}
	if n, err := s.Publish(ctx, 0); err != nil || n != stored+1 {
		return fmt.Errorf("%d events are there, %w, want %d", n, err, stored+1)
	}
	return s.Close()
}

func TestFullDiskIsUnavailabilityThatPasses(t *testing.T) {
	if out, err := child(t, "fill", t.TempDir()).Output(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
