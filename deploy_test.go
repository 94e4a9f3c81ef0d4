package grantkeep_test

import (
	"crypto/sha256"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const chart = "deploy/helm/grantkeep"

// TestDeploymentsGiveFlagsThatServeHas reads every file that starts a server.
func TestDeploymentsGiveFlagsThatServeHas(t *testing.T) {
	manual := text(t, "deploy/man/grantkeep.1")
	_, serve, _ := strings.Cut(manual, ".SS grantkeep serve\n")
	serve, _, _ = strings.Cut(serve, "\n.SS ")
	for _, file := range []string{"Dockerfile", "deploy/docker/compose.yaml", "deploy/systemd/grantkeep.service", chart + "/templates/statefulset.yaml"} {
		flags := regexp.MustCompile(`[\s"]--([a-z-]+)`).FindAllStringSubmatch(text(t, file), -1)
		found := 0
		for _, f := range flags {
			if slices.Contains([]string{"from", "chown", "mount", "interval", "timeout", "start-period", "name"}, f[1]) {
				continue // of the builder, and of a comment
			}
			found++
			if !strings.Contains(serve, `.B \-\-`+strings.ReplaceAll(f[1], "-", `\-`)) {
				t.Errorf("%s gives --%s, which serve does not have", file, f[1])
			}
		}
		if found < 2 {
			t.Errorf("%s: only %d flags were found", file, found)
		}
	}
}

// TestChartUsesTheValuesThatItHas compares the templates, the values and their schema.
func TestChartUsesTheValuesThatItHas(t *testing.T) {
	values := valuesOf(text(t, chart+"/values.yaml"))
	var schema struct {
		Properties map[string]struct {
			Properties map[string]json.RawMessage `json:"properties"`
		} `json:"properties"`
	}
	if err := json.Unmarshal([]byte(text(t, chart+"/values.schema.json")), &schema); err != nil {
		t.Fatal(err)
	}
	for _, path := range values {
		top, inner, nested := strings.Cut(path, ".")
		of, known := schema.Properties[top]
		if !known || nested && len(of.Properties) > 0 && of.Properties[inner] == nil {
			t.Errorf("the schema does not know the value %s", path)
		}
	}
	templates, err := filepath.Glob(chart + "/templates/*")
	if err != nil || len(templates) < 8 {
		t.Fatalf("%d templates, %v", len(templates), err)
	}
	used := map[string]bool{}
	for _, file := range templates {
		body := text(t, file)
		for _, m := range regexp.MustCompile(`\.Values\.([A-Za-z.]+)`).FindAllStringSubmatch(body, -1) {
			used[m[1]] = true
			if !slices.Contains(values, m[1]) {
				t.Errorf("%s uses the value %s, which values.yaml does not have", file, m[1])
			}
		}
		opened := len(regexp.MustCompile(`\{\{-? ?(?:if|with|range|define) `).FindAllString(body, -1))
		if closed := len(regexp.MustCompile(`\{\{-? ?end `).FindAllString(body, -1)); opened != closed {
			t.Errorf("%s opens %d blocks and closes %d", file, opened, closed)
		}
	}
	for path := range schema.Properties {
		if path != "global" && !slices.Contains(values, path) {
			t.Errorf("the schema knows the value %s, which values.yaml does not have", path)
		}
	}
	for _, path := range values {
		if !used[path] && !slices.ContainsFunc(values, func(v string) bool { return strings.HasPrefix(v, path+".") }) && !used[topOf(path)] {
			t.Errorf("no template uses the value %s", path)
		}
	}
}

func topOf(path string) string {
	top, _, _ := strings.Cut(path, ".")
	return top
}

// valuesOf returns the paths of the values, of two levels at most.
func valuesOf(yaml string) []string {
	var all []string
	top := ""
	for line := range strings.Lines(yaml) {
		if m := regexp.MustCompile(`^( *)([A-Za-z]+):`).FindStringSubmatch(line); m != nil {
			switch len(m[1]) {
			case 0:
				top = m[2]
				all = append(all, top)
			case 2:
				all = append(all, top+"."+m[2])
			}
		}
	}
	return all
}

// TestReleaseIsTheSameBytesAgain makes a binary in two directories. With GRANTKEEP_SOAK=1 it does, and has helm render the
// chart; otherwise it sees that what makes them the same is said.
func TestReleaseIsTheSameBytesAgain(t *testing.T) {
	makefile := text(t, "Makefile")
	for _, flag := range []string{"-trimpath -buildvcs=false", `-buildid=`, "CGO_ENABLED=0"} {
		if !strings.Contains(makefile, flag) {
			t.Errorf("make release does not say %s", flag)
		}
	}
	for _, file := range []string{"Makefile", "Dockerfile"} {
		if !strings.Contains(text(t, file), "-X main.commit=$") {
			t.Errorf("what %s builds does not name its commit", file)
		}
	}
	if os.Getenv("GRANTKEEP_SOAK") != "1" {
		return
	}
	var sums []string
	for range 2 {
		dir := t.TempDir()
		copyTree(t, dir)
		command(t, dir, "make", "release", "VERSION=1.2.3", "RELEASE=linux-arm64")
		sum := sha256.Sum256([]byte(text(t, filepath.Join(dir, "bin/release/grantkeep-linux-arm64"))))
		sums = append(sums, string(sum[:]))
	}
	if sums[0] != sums[1] {
		t.Error("the binary is another one in another directory")
	}
	helm := []string{"tool", "-modfile=tools/release/go.mod", "helm"}
	values := []string{chart, "--set", "publicUrl=https://connect.example.com,existingSecret=keys,ingress.enabled=true,ingress.hosts={connect.example.com},metrics.serviceMonitor=true"}
	cluster := []string{"--kube-version", "1.30.0"} // a helm that was not released supposes one that the chart does not take
	command(t, ".", "go", slices.Concat(helm, []string{"lint", "--strict"}, values)...)
	rendered := command(t, ".", "go", slices.Concat(helm, []string{"template", "mine"}, cluster, values)...)
	for _, kind := range []string{"StatefulSet", "Service", "ServiceAccount", "PodDisruptionBudget", "NetworkPolicy", "Ingress", "ServiceMonitor"} {
		if !strings.Contains(rendered, "\nkind: "+kind+"\n") {
			t.Errorf("the chart renders no %s", kind)
		}
	}
	for _, bad := range []string{"publicUrl=http://plain.example", "replicas=0", "surprise=1"} {
		cmd := exec.CommandContext(t.Context(), "go", slices.Concat(helm, []string{"template", "mine"}, cluster, values, []string{"--set", bad})...)
		name, _, _ := strings.Cut(bad, "=")
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), name) {
			t.Errorf("the chart takes %s, or refuses it without its name: %v\n%s", bad, err, out)
		}
	}
}

// copyTree copies what git knows of the tree.
func copyTree(t *testing.T, to string) {
	t.Helper()
	for file := range strings.Lines(command(t, ".", "git", "ls-files")) {
		file = strings.TrimSuffix(file, "\n")
		data, err := os.ReadFile(file)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(to, file)), 0o700)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, file), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func text(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
