package operate

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

func RotateKeyset(s shell.Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "rotate", Short: "Add an encryption key and seal everything again with it", Args: cobra.NoArgs,
		Long: "Add an encryption key. Every instance takes it at once; a minute later it begins to seal, and what older\n" +
			"keys sealed is sealed again. The older ones stay until grantkeep keyring retire. The master key stays the same.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := shell.Remote()
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

func ListKeyset(s shell.Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "Show the encryption keys, and what is in the way of retiring the older ones", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			found, err := c.Keyset(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, found)
			}
			for _, k := range found.Keys {
				does := "opens only"
				if k.Seals {
					does = "seals"
				}
				if _, err := fmt.Fprintf(s.Out, "%d %s\n", k.Key, does); err != nil {
					return err
				}
			}
			for _, what := range found.InTheWay {
				if _, err := fmt.Fprintln(s.Out, "still needed:", what); err != nil {
					return err
				}
			}
			if len(found.Keys) > 1 && len(found.InTheWay) == 0 {
				_, err = fmt.Fprintln(s.Out, "nothing needs those that open only: grantkeep keyring retire")
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func RetireKeyset(s shell.Streams) *cobra.Command {
	var asJSON, yes bool
	var without []string
	cmd := &cobra.Command{
		Use: "retire", Short: "Take the encryption keys that no longer seal out of the set", Args: cobra.NoArgs,
		Long: "Take the encryption keys that no longer seal out of the set. It is refused while a row, or an instance's spill\n" +
			"file, may be under one of them; grantkeep keyring list says what. Backups need none of them: each holds the set\n" +
			"of its time. An instance that is gone for good, and its disk with it, is named with --without.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			if err := sure(cmd.Context(), s, yes, "What is under an older key can never be opened again. Retire them?"); err != nil {
				return err
			}
			retired, err := c.RetireKeyset(cmd.Context(), without...)
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, map[string]any{"retired": retired})
			}
			if len(retired) == 0 {
				_, err = fmt.Fprintln(s.Out, "there is no older key")
				return err
			}
			for _, key := range retired {
				if _, err := fmt.Fprintf(s.Out, "key %d is retired\n", key); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&without, "without", nil, "identity of an instance that is gone for good; repeatable")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
