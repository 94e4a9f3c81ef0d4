package program

import (
	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/offline"
	"github.com/grantkeep/grantkeep/platform/all"
)

// offlineCommand is request, verify or parse: one JSON object per line in, one per line out, without any server.
func offlineCommand(s shell.Streams, do, short string) *cobra.Command {
	var reveal bool
	cmd := &cobra.Command{
		Use:   do,
		Short: short,
		Long: short + ".\n\nReads one JSON object per line from standard input and prints one per line, in the same order. A line that\n" +
			"cannot be handled prints {\"error\":\"…\"}; the rest goes on, and the exit status is 1.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			failed, err := offline.Run(all.Drivers(), do, reveal, s.In, s.Out)
			if err == nil && failed {
				return shell.ErrFailed
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&reveal, "reveal", false, "show app secrets, refresh tokens and the Basic header")
	cmd.Flags().Bool("json", true, "the output is JSON in any case")
	return cmd
}
