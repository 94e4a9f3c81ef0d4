// Package shell is what every command stands on: the three streams, exit statuses, tables, questions to a person, and what is
// said of a mistake.
package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Version is which build this is, as main was told.
var Version = "development"

// Streams are the three standard streams, so that a command can be run by a test as by a shell.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Exit statuses.
const (
	ExitDone   = 0
	ExitFailed = 1
	exitUsage  = 2
)

// ErrFailed ends a command with status 1 after it has said itself what is wrong.
var ErrFailed = errors.New("failed")

// usageError ends a command with status 2.
type usageError struct{ error }

// Usage says what is wrong with a command line.
func Usage(format string, args ...any) error { return Misused(fmt.Errorf(format, args...)) }

// Misused makes an error one of the command line.
func Misused(err error) error { return usageError{err} }

// Run runs one command line and returns its exit status: 0 done, 1 failed, 2 wrong usage.
func Run(ctx context.Context, root *cobra.Command, args []string, s Streams) int {
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	err := root.ExecuteContext(ctx)
	var wrong usageError
	err = remedied(err)
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &wrong), isUsage(err):
		_, _ = fmt.Fprintln(s.Err, "grantkeep:", err)
		return exitUsage
	case !errors.Is(err, ErrFailed):
		_, _ = fmt.Fprintln(s.Err, "grantkeep:", err)
	}
	return ExitFailed
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

// Group is a command that only holds others.
func Group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: HelpOrUnknown}
	cmd.AddCommand(commands...)
	return cmd
}

// HelpOrUnknown prints what a command holds. cobra would do the same for a word that it does not hold, and call it done.
func HelpOrUnknown(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		names := make([]string, 0, len(cmd.Commands()))
		for _, c := range cmd.Commands() {
			names = append(names, c.Name())
		}
		return Usage("unknown command %q%s; %s --help lists them", args[0], Meant(args[0], names, ""), cmd.CommandPath())
	}
	return cmd.Help()
}
