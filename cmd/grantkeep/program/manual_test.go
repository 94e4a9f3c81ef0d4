package program

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

// everyCommand calls do with each command that people see.
func everyCommand(cmd *cobra.Command, do func(*cobra.Command)) {
	if cmd.Hidden || cmd.Name() == "completion" || cmd.Name() == "help" {
		return
	}
	do(cmd)
	for _, c := range cmd.Commands() {
		everyCommand(c, do)
	}
}

// TestEveryCommandHasAnExampleThatExists looks up each example's command and each flag of it.
func TestEveryCommandHasAnExampleThatExists(t *testing.T) {
	root := newRoot(shell.Streams{})
	var paths []string
	everyCommand(root, func(c *cobra.Command) {
		paths = append(paths, c.CommandPath())
		if !strings.Contains(c.Example, "grantkeep") {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			_, call, ok := strings.Cut(line, "grantkeep ")
			if !ok {
				continue
			}
			words := strings.Fields(strings.NewReplacer(")", " ", `"`, " ", "'", " ").Replace(call))
			found, _, err := root.Find(words)
			if err != nil || found == root && words[0] != "--version" {
				t.Errorf("the example of %s calls grantkeep %s, which is no command", c.CommandPath(), words[0])
				continue
			}
			for _, w := range words {
				name, isFlag := strings.CutPrefix(w, "--")
				name, _, _ = strings.Cut(name, "=")
				if isFlag && name != "" && name != "help" && found.Flags().Lookup(name) == nil && found.InheritedFlags().Lookup(name) == nil {
					t.Errorf("the example of %s gives --%s, which %s does not have", c.CommandPath(), name, found.CommandPath())
				}
			}
		}
	})
	for path := range examples {
		if !slices.Contains(paths, path) {
			t.Errorf("there is an example of %s, which is no command", path)
		}
	}
}

// TestManualAndCompletionAreMade compares what is shipped with what the commands make of themselves; make generate writes it.
func TestManualAndCompletionAreMade(t *testing.T) {
	for file, args := range map[string][]string{
		"grantkeep.1": {"manual"}, "grantkeep.bash": {"completion", "bash"}, "_grantkeep": {"completion", "zsh"}, "grantkeep.fish": {"completion", "fish"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, shell.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}); code != 0 {
			t.Fatalf("%v ended with %d: %s", args, code, errs.String())
		}
		shipped, err := os.ReadFile("../../../deploy/man/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(shipped, out.Bytes()) {
			t.Errorf("deploy/man/%s is not what grantkeep %s prints; make generate writes it", file, strings.Join(args, " "))
		}
	}
	page, err := os.ReadFile("../../../deploy/man/grantkeep.1")
	if err != nil {
		t.Fatal(err)
	}
	everyCommand(newRoot(shell.Streams{}), func(c *cobra.Command) {
		if c.HasSubCommands() && !c.Flags().HasFlags() || c.Parent() == nil {
			return
		}
		if name, _, _ := strings.Cut(c.UseLine(), " ["); !strings.Contains(string(page), ".SS "+roff(c.CommandPath())) {
			t.Errorf("the manual page has no section about %s", name)
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && f.Name != "help" && !strings.Contains(string(page), ".B "+roff("--"+f.Name)) {
				t.Errorf("the manual page does not tell --%s of %s", f.Name, c.CommandPath())
			}
		})
	})
}
