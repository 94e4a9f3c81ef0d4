// Package program is the command line as a whole: every command, and what runs one.
package program

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/demo"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/doctor"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/operate"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/serve"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/simulate"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/try"
)

// Main runs the process's command line and ends the process. The version is what the build calls itself, the
// commit what it was made of; empty: the tools that built it may have noted that.
func Main(version, commit string) {
	shell.Version, builtOf = version, commit
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], shell.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}

// run runs one command line and returns its exit status.
func run(ctx context.Context, args []string, s shell.Streams) int {
	return shell.Run(ctx, newRoot(s), args, s)
}

func newRoot(s shell.Streams) *cobra.Command {
	root := &cobra.Command{
		Use:           "grantkeep",
		Short:         "Keeps the authorizations that merchants give a software vendor on e-commerce platforms",
		Version:       shell.Version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE:          shell.HelpOrUnknown,
	}
	root.SetFlagErrorFunc(shell.FlagError)
	root.AddCommand(
		demo.Command(s), serve.Command(s), simulate.Command(s),
		operate.AppCommand(s), operate.LinkCommand(s), operate.AuthorizationCommand(s), operate.GrantCommand(s), operate.AttentionCommand(s), operate.KeyCommand(s), shell.Group("keyring", "Encryption keys", operate.ListKeyset(s), operate.RotateKeyset(s), operate.RetireKeyset(s), serve.RewrapKeyset(s)), doctor.Command(s),
		serve.BackupCommand(s), serve.RestoreCommand(s), serve.MoveCommand(s),
		operate.UserCommand(s), operate.EventCommand(s), operate.WebhookCommand(s), operate.AlarmCommand(s), versionCommand(s), serve.HealthcheckCommand(),
		offlineCommand(s, "request", "Print the exact HTTP request of a step"),
		offlineCommand(s, "verify", "Tell whether an incoming request is genuine, and why not"),
		offlineCommand(s, "parse", "Tell what an answer of a platform means"),
		explainCommand(s), try.Command(s), manualCommand(s.Out),
	)
	illustrate(root)
	shell.TellArguments(root)
	return root
}
