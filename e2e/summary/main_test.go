package main

import (
	"bytes"
	"strings"
	"testing"
)

const module = `github.com/grantkeep/grantkeep`

// TestSkippedTestsAreToldAndBarred reads the events of a run in which one test is skipped for a reason.
func TestSkippedTestsAreToldAndBarred(t *testing.T) {
	script := `printf '%s\n' \
		'{"Action":"start","Package":"` + module + `/a"}' \
		'{"Action":"run","Package":"` + module + `/a","Test":"TestOne"}' \
		'{"Action":"output","Package":"` + module + `/a","Test":"TestOne","Output":"=== RUN   TestOne\n"}' \
		'{"Action":"output","Package":"` + module + `/a","Test":"TestOne","Output":"    a_test.go:7: no browser here\n"}' \
		'{"Action":"output","Package":"` + module + `/a","Test":"TestOne","Output":"--- SKIP: TestOne (0.00s)\n"}' \
		'{"Action":"skip","Package":"` + module + `/a","Test":"TestOne","Elapsed":0}' \
		'{"Action":"pass","Package":"` + module + `/a","Test":"TestTwo","Elapsed":1.5}' \
		'{"Action":"pass","Package":"` + module + `/a","Elapsed":1.5}'`
	for name, c := range map[string]struct {
		strict bool
		may    []string
		code   int
	}{
		"at home": {false, nil, 0}, "in CI": {true, nil, 1}, "in CI, allowed": {true, []string{"TestOne"}, 0}, "in CI, another is allowed": {true, []string{"TestTwo"}, 1},
	} {
		var out bytes.Buffer
		code, err := run(&out, []string{"sh", "-c", script}, c.strict, c.may)
		if code != c.code || (err != nil) != (code != 0) {
			t.Errorf("%s: status %d, %v; want %d", name, code, err, c.code)
		}
		for _, want := range []string{"1 tests were skipped", "a TestOne: a_test.go:7: no browser here", "ok\t" + module + "/a\t1.5s", "1.5s a TestTwo"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: the summary does not say %q:\n%s", name, want, out.String())
			}
		}
	}
}

// TestWhatFailedIsTold reads the events of runs that fail: a test, a panic in the middle of one, and a command that cannot
// be run.
func TestWhatFailedIsTold(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"a test": {`printf '%s\n' '{"Action":"output","Package":"p","Test":"TestOne","Output":"    a_test.go:7: wrong\n"}' \
			'{"Action":"fail","Package":"p","Test":"TestOne","Elapsed":0}' '{"Action":"fail","Package":"p","Elapsed":0}'; exit 1`, "a_test.go:7: wrong"},
		"a panic": {`printf '%s\n' '{"Action":"output","Package":"p","Test":"TestOne","Output":"panic: over\n"}' \
			'{"Action":"fail","Package":"p","Elapsed":0}'; exit 1`, "panic: over"},
		"a build":   {`printf '%s\n' '{"ImportPath":"p","Action":"build-output","Output":"a.go:1: syntax\n"}' '{"Action":"fail","Package":"p"}'; exit 1`, "a.go:1: syntax"},
		"no events": {`echo no such flag; exit 2`, "no such flag"},
	} {
		var out bytes.Buffer
		if code, err := run(&out, []string{"sh", "-c", c.script}, false, nil); code != 1 || err == nil || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: status %d, %v; want 1 and %q in\n%s", name, code, err, c.want, out.String())
		}
	}
	if code, err := run(&bytes.Buffer{}, nil, false, nil); code != 2 || err == nil {
		t.Errorf("without a command: status %d, %v", code, err)
	}
}
