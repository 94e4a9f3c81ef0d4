package operate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/skip2/go-qrcode"
	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

func grantLink(s shell.Streams) *cobra.Command {
	var returnTo, language string
	var asJSON, qr bool
	cmd := &cobra.Command{
		Use: "link GRANT", Short: "Make a link with which the same merchant authorizes again, and the words to send", Args: cobra.ExactArgs(1),
		Example: "  grantkeep grant link grt_01… --language zh-TW",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			l, err := c.LinkGrant(cmd.Context(), args[0], returnTo, language)
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, l)
			}
			if qr {
				code, err := qrcode.New(l.URL, qrcode.Medium)
				if err != nil {
					return err
				}
				if _, err := fmt.Fprint(s.Out, code.ToSmallString(false)); err != nil {
					return err
				}
			}
			if language == "" {
				language = myLanguage()
			}
			_, err = fmt.Fprintf(s.Out, "%s\n\n%s\n", l.URL, in(l.Message, language))
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&language, "language", "", "zh-CN, zh-TW or en: of the page and of the words; empty: the merchant's browser chooses")
	f.StringVar(&returnTo, "return-to", "", "where the merchant may go on; on one of the app's return origins")
	f.BoolVar(&qr, "qr", false, "print a QR code too")
	f.BoolVar(&asJSON, "json", false, "print JSON, the words in three languages")
	return cmd
}

func grantConfirm(s shell.Streams) *cobra.Command {
	return changeGrant(s, "confirm GRANT --owner OWNER", "Give a held or ownerless grant to an owner", "owner", "the customer of yours whose shop it is",
		func(cmd *cobra.Command, c *client.Client, id, owner string) (client.Grant, error) {
			return c.ConfirmGrant(cmd.Context(), id, owner)
		})
}

func grantMove(s shell.Streams) *cobra.Command {
	return changeGrant(s, "move GRANT --owner OWNER", "Move a grant to another owner", "owner", "the customer of yours who gets it",
		func(cmd *cobra.Command, c *client.Client, id, owner string) (client.Grant, error) {
			return c.MoveGrant(cmd.Context(), id, owner)
		})
}

func grantRename(s shell.Streams) *cobra.Command {
	return changeGrant(s, "rename GRANT --name NAME", "Change what people call a grant", "name", "the name",
		func(cmd *cobra.Command, c *client.Client, id, name string) (client.Grant, error) {
			return c.RenameGrant(cmd.Context(), id, name)
		})
}

func grantTag(s shell.Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "tag GRANT NAME=VALUE...", Short: "Give a grant tags of yours, or take them away", Args: cobra.MinimumNArgs(2),
		Long: "Give a grant tags of yours: short texts that go into its events and that lists are narrowed by. NAME= takes one away.",
		Example: "  grantkeep grant tag grt_01… tier=gold region=\n" +
			"  grantkeep grant list --tag tier=gold",
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args[1:] {
				if name, _, whole := strings.Cut(arg, "="); !whole || name == "" {
					return shell.Usage("%q is no tag; write NAME=VALUE, or NAME= to take the tag away", arg)
				}
			}
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			g, err := c.Grant(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			tags := maps.Clone(g.Tags)
			if tags == nil {
				tags = map[string]string{}
			}
			for _, arg := range args[1:] {
				name, value, _ := strings.Cut(arg, "=")
				delete(tags, name)
				if value != "" {
					tags[name] = value
				}
			}
			if g, err = c.TagGrant(cmd.Context(), args[0], tags); err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, g)
			}
			shell.PrintTable(s.Out, []string{"Grant", "Subject", "Owner", "Tags"}, [][]string{{g.ID, name(g), g.Owner, tagText(g)}})
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// tagText writes the tags of a grant as they are given.
func tagText(g client.Grant) string {
	texts := make([]string, 0, len(g.Tags))
	for _, name := range slices.Sorted(maps.Keys(g.Tags)) {
		texts = append(texts, name+"="+g.Tags[name])
	}
	return strings.Join(texts, " ")
}

// changeGrant is a command that changes one thing of a grant.
func changeGrant(s shell.Streams, use, short, flag, help string, change func(*cobra.Command, *client.Client, string, string) (client.Grant, error)) *cobra.Command {
	var value string
	var asJSON bool
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if value == "" {
				return shell.Usage("--%s is missing; it takes %s", flag, help)
			}
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			g, err := change(cmd, c, args[0], value)
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, g)
			}
			shell.PrintTable(s.Out, []string{"Grant", "Subject", "Owner", "State"}, [][]string{{g.ID, name(g), g.Owner, g.State}})
			return nil
		},
	}
	cmd.Flags().StringVar(&value, flag, "", help)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func grantRevoke(s shell.Streams) *cobra.Command {
	var asJSON, yes, all, erase bool
	var app string
	cmd := &cobra.Command{
		Use: "revoke GRANT", Short: "End a grant and erase its tokens, or with --all those of an app", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case !all && (len(args) != 1 || app != ""), all && (len(args) != 0 || app == ""):
				return shell.Usage("revoke takes GRANT, or --all with --app APP")
			case all && erase:
				return shell.Usage("--erase is for one GRANT")
			case all && !yes:
				return shell.Usage("--all ends every grant of %s for good, and each merchant has to authorize again; say --yes", app)
			}
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			if all {
				return revokeAll(cmd.Context(), c, app, s)
			}
			g, err := c.Grant(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := sure(cmd.Context(), s, yes, fmt.Sprintf("End %s of %s and erase its tokens? Only the merchant can give another.", g.ID, name(g))); err != nil {
				return err
			}
			end := c.Revoke
			if erase {
				end = c.RevokeAndForget
			}
			if err := end(cmd.Context(), args[0]); err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, map[string]string{"revoked": args[0]})
			}
			_, err = fmt.Fprintln(s.Out, "ended", args[0])
			return err
		},
	}
	cmd.Flags().BoolVar(&erase, "erase", false, "also erase what is known of the merchant beside the ids; for a grant that has ended long ago too")
	cmd.Flags().BoolVar(&all, "all", false, "every grant of --app")
	cmd.Flags().StringVar(&app, "app", "", "whose grants --all ends")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
