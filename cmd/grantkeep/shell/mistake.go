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
		return fmt.Errorf("%s at %s", absent(problem, err), server)
	case errors.Is(err, syscall.ECONNREFUSED), errors.As(err, &refused):
		return fmt.Errorf("%w: no server answers at %s; start one with grantkeep serve, or name another with GRANTKEEP_SERVER", err, server)
	}
	return err
}

// absent says that an id names nothing with the command that shows what it could have named, in place of the route.
func absent(p *client.Problem, err error) string {
	for _, noun := range []string{"alarm", "app", "authorization", "grant", "key", "user", "webhook"} {
		if before, found := strings.CutSuffix(p.Detail, "GET /v1/"+noun+"s lists them"); found {
			return before + "grantkeep " + noun + " list shows those"
		}
	}
	return err.Error()
}

// FlagError says which flag was meant, and where the others stand.
func FlagError(cmd *cobra.Command, err error) error {
	var misvalued *pflag.InvalidValueError
	if errors.As(err, &misvalued) {
		return Usage("--%s takes %s; %s --help lists the flags", misvalued.GetFlag().Name, flagTakes(misvalued.GetFlag()), cmd.CommandPath())
	}
	var bare *pflag.ValueRequiredError
	if errors.As(err, &bare) && bare.GetFlag() != nil {
		return Usage("--%s is without a value; it takes %s; %s --help lists the flags", bare.GetFlag().Name, flagTakes(bare.GetFlag()), cmd.CommandPath())
	}
	text := err.Error()
	typed, ok := strings.CutPrefix(text, "unknown flag: --")
	if !ok {
		return Usage("%w; %s --help lists the flags", err, cmd.CommandPath())
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return Usage("%w%s; %s --help lists the flags", err, Meant(typed, names, "--"), cmd.CommandPath())
}

// flagTakes says what the value of a flag looks like. The value that was given is not repeated: it may have been a secret.
func flagTakes(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "duration":
		return "a duration such as 90s, 10m or 24h"
	case "int", "int64":
		return "a whole number"
	case "bool":
		return "true or false"
	case "stringToString":
		return "NAME=VALUE"
	case "stringToInt":
		return "NAME=NUMBER"
	}
	return "a " + f.Value.Type()
}

// TellArguments has each command say what it takes where cobra only counts. Commands are looked at with everything below
// them.
func TellArguments(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return Usage("%s takes %s, %d given; %s --help tells more", cmd.CommandPath(), argumentsOf(cmd), len(args), cmd.CommandPath())
			}
			return nil
		}
	}
	for _, c := range cmd.Commands() {
		TellArguments(c)
	}
}

// argumentsOf is what stands behind a command's name in its usage, without flags.
func argumentsOf(cmd *cobra.Command) string {
	_, rest, _ := strings.Cut(strings.TrimSuffix(cmd.Use, " [flags]"), " ")
	if rest == "" {
		return "flags but no arguments"
	}
	return rest
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
