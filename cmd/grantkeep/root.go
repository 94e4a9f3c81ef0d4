package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// version is set by the build of a release.
var version = "development"

// streams are the three standard streams, so that a command can be run by a test as by a shell.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// errFailed ends a command with status 1 after it has said itself what is wrong.
var errFailed = errors.New("failed")

// usageError ends a command with status 2.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run runs one command line and returns its exit status: 0 done, 1 failed, 2 wrong usage.
func run(ctx context.Context, args []string, s streams) int {
	root := newRoot(s)
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	err := root.ExecuteContext(ctx)
	var wrong usageError
	err = remedied(err)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &wrong), isUsage(err):
		_, _ = fmt.Fprintln(s.err, "grantkeep:", err)
		return exitUsage
	case !errors.Is(err, errFailed):
		_, _ = fmt.Fprintln(s.err, "grantkeep:", err)
	}
	return exitFailed
}

// isUsage recognises what cobra itself says of a command line; it has no type for it.
func isUsage(err error) bool {
	for _, prefix := range []string{"unknown command", "unknown flag", "unknown shorthand", "flag needs", "invalid argument", "required flag", "accepts ", "requires at least"} {
		if strings.HasPrefix(err.Error(), prefix) {
			return true
		}
	}
	return false
}

func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:           "grantkeep",
		Short:         "Keeps the authorizations that merchants give a software vendor on e-commerce platforms",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE:          helpOrUnknown,
	}
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		demoCommand(s), serveCommand(s), simulateCommand(s),
		appCommand(s), linkCommand(s), authorizationCommand(s), grantCommand(s), attentionCommand(s), keyCommand(s), keyringCommand(s), doctorCommand(s),
		backupCommand(s), restoreCommand(s), moveCommand(s),
		userCommand(s), eventCommand(s), webhookCommand(s), alarmCommand(s), versionCommand(s), healthcheckCommand(),
		offlineCommand(s, "request", "Print the exact HTTP request of a step"),
		offlineCommand(s, "verify", "Tell whether an incoming request is genuine, and why not"),
		offlineCommand(s, "parse", "Tell what an answer of a platform means"),
		explainCommand(s), tryCommand(s), manualCommand(s.out),
	)
	illustrate(root)
	return root
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: helpOrUnknown}
	cmd.AddCommand(commands...)
	return cmd
}

// helpOrUnknown prints what a command holds. cobra would do the same for a word that it does not hold, and call it done.
func helpOrUnknown(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		names := make([]string, 0, len(cmd.Commands()))
		for _, c := range cmd.Commands() {
			names = append(names, c.Name())
		}
		return usage("unknown command %q%s; %s --help lists them", args[0], meant(args[0], names, ""), cmd.CommandPath())
	}
	return cmd.Help()
}

// printJSON prints a value as indented JSON.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// secretInput reads one secret from where secrets may come: a file, an environment variable named by env, or standard
// input for "-".
func secretInput(s streams, from string) (string, error) {
	switch {
	case from == "-":
		b, err := io.ReadAll(io.LimitReader(s.in, 1<<20))
		return strings.TrimSpace(string(b)), err
	case strings.HasPrefix(from, "env:"):
		v := os.Getenv(strings.TrimPrefix(from, "env:"))
		if v == "" {
			return "", usage("the environment variable %s is empty", strings.TrimPrefix(from, "env:"))
		}
		return v, nil
	}
	b, err := os.ReadFile(from)
	return strings.TrimSpace(string(b)), err
}
