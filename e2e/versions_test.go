package e2e

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// former is a commit whose program is upgraded: schema 2, where this one's has many more. GRANTKEEP_FORMER names another.
const former = "310562d2ec24"

// buildFormer builds the program of an earlier commit.
func buildFormer(t *testing.T) string {
	t.Helper()
	commit := former
	if other := os.Getenv("GRANTKEEP_FORMER"); other != "" {
		commit = other
	}
	source, dir := filepath.Join(t.TempDir(), "source"), t.TempDir()
	git := exec.CommandContext(t.Context(), "git", "archive", commit)
	git.Dir = ".."
	packed, err := git.Output()
	if err != nil {
		t.Fatalf("git archive %s: %v; the whole history is needed: git fetch --unshallow", commit, err)
	}
	files := tar.NewReader(bytes.NewReader(packed))
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(source, filepath.Clean("/"+h.Name))
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(files)
		if err == nil {
			err = os.WriteFile(path, content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "grantkeep")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", program, "./cmd/grantkeep")
	build.Dir = source
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", commit, err, out)
	}
	return program
}

// TestTwoVersionsWorkOnOneDatabase upgrades one of two instances, has both refresh and read meanwhile, and starts the former
// program once more when the upgrade is over. It builds the former program, so it is a part of make soak; what always runs
// is TestMigrationsOnlyAdd.
func TestTwoVersionsWorkOnOneDatabase(t *testing.T) {
	if os.Getenv("GRANTKEEP_SOAK") == "" {
		return
	}
	f := newFleetOf(t, buildFormer(t), sharedPostgres(t), 1)
	id := f.connect(0)
	f.instances = append(f.instances, &instance{address: "127.0.0.1:0", data: filepath.Join(f.dir, "newer")})
	f.start(f.instances[1]) // which brings the schema up to date under the former program
	for n, i := range []int{0, 1, 0, 1} {
		if err := <-f.refresh(i, id); err != nil {
			t.Fatalf("refresh %d, by instance %d: %v\n%s", n+1, i, err, f.instances[i].log)
		}
		f.served(id, 0, int64(n+2))
	}
	second := f.connect(1) // made by the former program in the newer schema
	if err := <-f.refresh(1, second); err != nil {
		t.Errorf("a refresh by the newer program of what the former made: %v", err)
	}
	f.served(second, 1, 2)
	if got := f.grant(0, second); got.State != "active" || got.Owner != "cust" {
		t.Errorf("the former program shows %+v", got)
	}
	for i := range f.instances {
		all, err := f.instances[i].api.Grants(t.Context(), nil)
		if err != nil || len(all) != 2 {
			t.Errorf("instance %d lists %d grants, %v; want both", i, len(all), err)
		}
	}
	for i := range f.instances {
		f.instances[i].signal(syscall.SIGTERM)
		if status := f.instances[i].status(); status != 0 {
			t.Errorf("instance %d ended with %d\n%s", i, status, f.instances[i].log)
		}
	}
	again := launchProgram(t, f.instances[0].program, f.serveArgs(f.instances[0])...)
	if status := again.status(); status == 0 || !strings.Contains(again.log.String(), "newer") {
		t.Errorf("the former program ends with %d on a database that a newer one has served; want it refused in words\n%s", status, again.log)
	}
}

// TestMigrationsOnlyAdd reads the migrations of the engine that several versions may share: a former program goes on reading and
// writing while they run, so that none takes a table or column away, renames one, or adds a column that an INSERT which
// does not know it could not leave out.
func TestMigrationsOnlyAdd(t *testing.T) {
	files, err := filepath.Glob("../store/postgres/migrations/*.sql")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d migrations, %v", len(files), err)
	}
	comment := regexp.MustCompile(`(?m)--.*$`)
	takes := regexp.MustCompile(`(?i)\b(DROP\s+(TABLE|COLUMN)|RENAME|ALTER\s+COLUMN|ALTER\s+TYPE|ADD\s+(CONSTRAINT|CHECK|UNIQUE))\b`)
	adds := regexp.MustCompile(`(?i)ADD\s+COLUMN\s+[^;]*`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		statements := comment.ReplaceAllString(string(text), "")
		if m := takes.FindString(statements); m != "" {
			t.Errorf("%s says %s: a former version that is at work could not go on", file, m)
		}
		for _, column := range adds.FindAllString(statements, -1) {
			upper := strings.ToUpper(column)
			if strings.Contains(upper, "NOT NULL") && !strings.Contains(upper, "DEFAULT") {
				t.Errorf("%s: %q has no default; a former version's INSERT would be refused", file, strings.TrimSpace(column))
			}
		}
	}
}
