package spill

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

func someEntry(n int) Entry {
	return Entry{Kind: Refresh, App: "app", Refresh: store.Refreshed{Grant: fmt.Sprintf("grant %d", n), Attempt: "att", Pair: gk.Pair{Access: gk.Sealed("sealed")}}}
}

// spilledFile makes a spill file with entries 0…n-1 and returns where each begins in it.
func spilledFile(t *testing.T, n int) (path string, starts []int64) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "spill")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		starts = append(starts, s.end)
		if _, err := s.Add(someEntry(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path, starts
}

// grantsIn opens a spill file, returns whose pairs are in it, and closes it.
func grantsIn(t *testing.T, path string) (grants []string, damaged int) {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range s.Waiting(true) {
		grants = append(grants, w.Refresh.Grant)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return grants, s.Damaged
}

// overwrite writes bytes into a file.
func overwrite(t *testing.T, path string, at int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedRecordCostsNoOther(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, path string, starts []int64){
		"a letter of its text": func(t *testing.T, path string, starts []int64) { overwrite(t, path, starts[1]+20, []byte("~")) },
		"its length": func(t *testing.T, path string, starts []int64) {
			overwrite(t, path, starts[1], []byte{0xff, 0xff, 1, 0})
		},
		"a length of nothing, behind a damaged one": func(t *testing.T, path string, starts []int64) {
			overwrite(t, path, starts[1]+20, make([]byte, 30))
		},
	} {
		path, starts := spilledFile(t, 4)
		was, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		damage(t, path, starts)
		got, damaged := grantsIn(t, path)
		if want := []string{"grant 0", "grant 2", "grant 3"}; !slices.Equal(got, want) || damaged == 0 {
			t.Errorf("%s: %q with %d bytes damaged, want %q", name, got, damaged, want)
		}
		beside, err := os.ReadFile(path + ".damaged")
		if err != nil || int64(len(beside)) != starts[2]-starts[1] || bytes.Equal(beside, was[starts[1]:starts[2]]) {
			t.Errorf("%s: %d bytes are kept beside, %v; want the damaged record", name, len(beside), err)
		}
		again, damaged := grantsIn(t, path)
		if !slices.Equal(again, got) || damaged != 0 {
			t.Errorf("%s: opened again: %q with %d bytes damaged, want the same and none", name, again, damaged)
		}
	}
}

func TestRecordThatWasCutOffIsNoEntry(t *testing.T) {
	path, starts := spilledFile(t, 2)
	overwrite(t, path, starts[1]+40, make([]byte, 400))
	if got, _ := grantsIn(t, path); !slices.Equal(got, []string{"grant 0"}) {
		t.Errorf("%q, want the first alone", got)
	}
}

func TestClearedSpillFileHoldsNothing(t *testing.T) {
	path, _ := spilledFile(t, 3)
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range s.Waiting(true) {
		if err := s.Done(w.Seq); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || len(text) != spillSize || !empty(text[len(spillMagic):]) {
		t.Errorf("%d bytes, empty %v, %v; want %d zeros behind the magic line", len(text), empty(text[len(spillMagic):]), err, spillSize)
	}
}

func TestSpillFileWhoseMakingWasCutOff(t *testing.T) {
	for name, left := range map[string]map[string][]byte{
		"nothing written yet":                  {"spill.new": {}},
		"half written":                         {"spill.new": make([]byte, 1000)},
		"written, not named":                   {"spill.new": append([]byte(spillMagic), make([]byte, spillSize)...)},
		"by an earlier program, empty":         {"spill": {}},
		"by an earlier program, half":          {"spill": make([]byte, 1000)},
		"by an earlier program, without magic": {"spill": make([]byte, spillSize)},
	} {
		dir := t.TempDir()
		for file, text := range left {
			if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(dir, "spill")
		if got, damaged := grantsIn(t, path); len(got) > 0 || damaged > 0 {
			t.Errorf("%s: %q with %d bytes damaged, want an empty file", name, got, damaged)
		}
		if info, err := os.Stat(path); err != nil || info.Size() != spillSize || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want %d bytes of mode 0600", name, info, err, spillSize)
		}
		if _, err := os.Stat(path + ".new"); err == nil {
			t.Errorf("%s: the other name is still there", name)
		}
	}
}

func TestForeignFileIsNoSpillFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spill")
	if err := os.WriteFile(path, []byte("somebody's notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil {
		t.Error("it was opened")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "somebody's notes" {
		t.Errorf("it holds %q now, %v", text, err)
	}
}

func TestSpillFileHasOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spill")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil {
		t.Error("a second one opened it")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
