package shell

import (
	"io"
	"os"
	"strings"
)

// SecretInput reads one secret from where secrets may come: a file, an environment variable named by env, or standard
// input for "-".
func SecretInput(s Streams, from string) (string, error) {
	switch {
	case from == "-":
		b, err := io.ReadAll(io.LimitReader(s.In, 1<<20))
		return strings.TrimSpace(string(b)), err
	case strings.HasPrefix(from, "env:"):
		v := os.Getenv(strings.TrimPrefix(from, "env:"))
		if v == "" {
			return "", Usage("the environment variable %s is empty", strings.TrimPrefix(from, "env:"))
		}
		return v, nil
	}
	b, err := os.ReadFile(from)
	return strings.TrimSpace(string(b)), err
}
