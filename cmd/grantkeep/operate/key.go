package operate

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

func KeyCommand(s shell.Streams) *cobra.Command {
	return shell.Group("key", "API keys", keyAdd(s), keyList(s), keyRevoke(s))
}

func keyAdd(s shell.Streams) *cobra.Command {
	var k client.Key
	var life time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Make an API key and show it this once", Args: cobra.ExactArgs(1),
		Example: "  grantkeep key add 'order service' --scope read,token --owner cust-8841",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			k.Name = args[0]
			if life > 0 {
				k.ExpiresAt = gk.At(time.Now().Add(life))
			}
			made, err := c.CreateKey(cmd.Context(), k)
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, made)
			}
			_, err = fmt.Fprintln(s.Out, made.Text)
			return err
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&k.Scopes, "scope", []string{"read"}, "what it may do: read token call app_call link manage export admin")
	f.StringSliceVar(&k.Owners, "owner", nil, "limit it to these owners")
	f.StringSliceVar(&k.Apps, "app", nil, "limit it to these apps")
	f.DurationVar(&life, "expires-in", 0, "how long it lives; 0: until it is revoked")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func keyList(s shell.Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the API keys", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			keys, err := c.Keys(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, keys)
			}
			rows := make([][]string, 0, len(keys))
			for _, k := range keys {
				rows = append(rows, []string{k.ID, k.Name, strings.Join(k.Scopes, " "), strings.Join(k.Owners, " "), shell.When(k.ExpiresAt), shell.When(k.RevokedAt)})
			}
			shell.PrintTable(s.Out, []string{"Key", "Name", "Scopes", "Owners", "Ends", "Revoked"}, rows)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func keyRevoke(s shell.Streams) *cobra.Command {
	return &cobra.Command{
		Use: "revoke KEY", Short: "End an API key", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			if err := c.RevokeKey(cmd.Context(), args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintln(s.Out, "ended", args[0])
			return err
		},
	}
}
