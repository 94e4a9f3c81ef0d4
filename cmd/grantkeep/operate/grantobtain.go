package operate

import (
	"fmt"

	"github.com/spf13/cobra"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

func grantObtain(s shell.Streams) *cobra.Command {
	shop := gk.Subject{}
	var owner string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "obtain APP", Short: "Make a grant that nobody has to click for: self-use apps, client credentials", Args: cobra.ExactArgs(1),
		Example: "  grantkeep grant obtain APP --shop 4463798 --owner cust-8841",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			var named *gk.Subject
			if shop.ID != "" || shop.Host != "" {
				named = &shop
			}
			g, err := c.Obtain(cmd.Context(), args[0], named, owner)
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, g)
			}
			_, err = fmt.Fprintln(s.Out, g.ID)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&shop.ID, "shop", "", "the shop, as the platform names it")
	f.StringVar(&shop.Host, "host", "", "the shop's host, where the platform names shops by it")
	f.StringVar(&shop.Kind, "kind", gk.KindShop, "what kind of subject it is")
	f.StringVar(&owner, "owner", "", "whose customer it is")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
