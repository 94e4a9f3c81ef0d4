package operate

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

func KeyringRotate(s shell.Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "rotate", Short: "Add an encryption key and seal everything again with it", Args: cobra.NoArgs,
		Long: "Add an encryption key. Every instance takes it at once; a minute later it begins to seal, and what older\n" +
			"keys sealed is sealed again. The older ones stay: backups may need them. The master key stays the same.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := remote()
			if err != nil {
				return err
			}
			r, err := c.RotateKeyring(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, r)
			}
			_, err = fmt.Fprintf(s.Out, "key %d is added and seals from %s on\n", r.Key, r.SealsAt.UTC().Format("15:04:05Z"))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
