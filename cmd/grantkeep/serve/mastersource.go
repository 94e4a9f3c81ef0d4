package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/vault"
)

// commandPatience is how long a command may take to tell the master key: those that ask a service wait for it.
const commandPatience = 30 * time.Second

// mostOfKey is more than a key's line has: what is longer is no key.
const mostOfKey = 256

// loadMaster reads a master key from where an operator says that it is: a file, see [vault.ReadMaster]; env:NAME, a variable of
// the environment, which is taken out of it, so that no child inherits it; or exec:COMMAND …, a command whose standard
// output is the line that a file would hold. The command is split at blanks and run without a shell.
func loadMaster(ctx context.Context, source string) (vault.Master, error) {
	if name, ok := strings.CutPrefix(source, "env:"); ok {
		return masterFromEnvironment(name)
	}
	if command, ok := strings.CutPrefix(source, "exec:"); ok {
		return masterFromCommand(ctx, strings.Fields(command))
	}
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" && filepath.Dir(source) == filepath.Clean(dir) {
		return vault.ReadCredential(source)
	}
	return vault.ReadMaster(source)
}

func masterFromEnvironment(name string) (vault.Master, error) {
	text, ok := os.LookupEnv(name)
	if !ok {
		return vault.Master{}, fmt.Errorf("master key: the environment has no variable %q", name)
	}
	m, err := vault.ParseMaster("master key: the variable "+name, []byte(text))
	if err != nil {
		return vault.Master{}, err
	}
	return m, os.Unsetenv(name)
}

func masterFromCommand(ctx context.Context, words []string) (vault.Master, error) {
	if len(words) == 0 {
		return vault.Master{}, errors.New("master key: exec: names no command")
	}
	ctx, cancel := context.WithTimeout(ctx, commandPatience)
	defer cancel()
	out := &limited{most: mostOfKey}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...) //nolint:gosec // G204: the operator names it at the start
	cmd.Stdout, cmd.Stderr = out, os.Stderr                 // what a key service's command complains about is for the operator
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("it did not answer within %v", commandPatience)
	}
	if err != nil {
		return vault.Master{}, fmt.Errorf("master key: the command %s failed: %w; run it by hand as the same user", words[0], err)
	}
	return vault.ParseMaster("master key: what the command "+words[0]+" printed", out.b.Bytes())
}

// limited keeps what a command prints, as far as a key reaches and a little more.
type limited struct {
	b    bytes.Buffer
	most int
}

// Write keeps what fits and takes the rest, so that the command ends by itself.
func (l *limited) Write(p []byte) (int, error) {
	l.b.Write(p[:min(len(p), l.most-l.b.Len())])
	return len(p), nil
}
