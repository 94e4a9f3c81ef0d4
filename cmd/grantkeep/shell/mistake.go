package shell

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/grantkeep/grantkeep/client"
)

// remedied adds to an error of the way to the server what to do about it. What the server itself says stays as it is.
func remedied(err error) error {
	var problem *client.Problem
	var refused *url.Error
	server := os.Getenv("GRANTKEEP_SERVER")
	if server == "" {
		server = DefaultServer + " (GRANTKEEP_SERVER is not set)"
	}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &problem) && problem.Status == 401:
		return fmt.Errorf("GRANTKEEP_KEY was not accepted by %s: give a key of this server (grantkeep key list shows them, grantkeep key add makes one)", server)
	case errors.As(err, &problem) && problem.Status == 404 && problem.Name() == "not-found":
		return fmt.Errorf("%w: %s has none with this id that the key may see", err, server)
	case errors.Is(err, syscall.ECONNREFUSED), errors.As(err, &refused):
		return fmt.Errorf("%w: no server answers at %s; start one with grantkeep serve, or name another with GRANTKEEP_SERVER", err, server)
	}
	return err
}

// FlagError says which flag was meant, and where the others stand.
func FlagError(cmd *cobra.Command, err error) error {
	text := err.Error()
	typed, ok := strings.CutPrefix(text, "unknown flag: --")
	if !ok {
		return Usage("%w; %s --help lists the flags", err, cmd.CommandPath())
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return Usage("%w%s; %s --help lists the flags", err, Meant(typed, names, "--"), cmd.CommandPath())
}

// Meant proposes the name that a typed one is closest to; empty where none is close.
func Meant(typed string, names []string, prefix string) string {
	best, least := "", 3
	for _, name := range names {
		if d := distance(typed, name); d < least && d < len(name) {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s%s?)", prefix, best)
}

// distance is how many letters have to be added, left out, changed or swapped with their neighbour to get from one word
// to the other.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			same := 1
			if x[i-1] == y[j-1] {
				same = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+same)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}

// DefaultServer is where the commands look for a server that nobody named.
const DefaultServer = "http://127.0.0.1:8080"
