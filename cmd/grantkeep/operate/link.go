package operate

import (
	"errors"
	"fmt"
	"strings"

	"github.com/skip2/go-qrcode"
	"github.com/spf13/cobra"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

func LinkCommand(s shell.Streams) *cobra.Command {
	var r client.AuthorizationRequest
	var asJSON, qr bool
	cmd := &cobra.Command{
		Use:   "link APP",
		Short: "Make an authorization link for a merchant",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			r.App = args[0]
			a, err := c.Authorize(cmd.Context(), r)
			var problem *client.Problem
			if errors.As(err, &problem) && problem.Name() == "not-found" {
				return err
			}
			if err != nil {
				return err
			}
			if asJSON {
				made := map[string]any{"id": a.ID, "url": a.URL, "expires_at": a.ExpiresAt} // all that is known before the click
				if len(a.Replaces) > 0 {
					made["replaces"] = a.Replaces
				}
				return shell.PrintJSON(s.Out, made)
			}
			for _, grant := range a.Replaces {
				if _, err := fmt.Fprintf(s.Err, "Grant %s works. On this platform another consent ends its tokens at once; send the link only if that is wanted.\n", grant); err != nil {
					return err
				}
			}
			if qr {
				code, err := qrcode.New(a.URL, qrcode.Medium)
				if err != nil {
					return err
				}
				if _, err := fmt.Fprint(s.Out, code.ToSmallString(false)); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintf(s.Out, "%s\n", a.URL)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.Shop, "shop", "", "the shop's host, or the id expected; without it the page asks where a platform needs one")
	f.StringVar(&r.Owner, "owner", "", "the customer of yours whom the grant will belong to")
	f.StringVar(&r.Grant, "grant", "", "reconnect this grant: only its own subject may answer")
	f.StringVar(&r.ReturnTo, "return-to", "", "where the merchant may go on; on one of the app's return origins")
	f.StringVar(&r.Form, "form", "", "variant of the platform's link")
	f.StringVar(&r.Kind, "kind", "", "authorize (default) or cancel")
	f.BoolVar(&qr, "qr", false, "print a QR code too")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(placeCommand(s))
	return cmd
}

// placeCommand makes the grant of an answer that an authorization keeps.
func placeCommand(s shell.Streams) *cobra.Command {
	var subject, host string
	cmd := &cobra.Command{
		Use:   "place AUTHORIZATION",
		Short: "Make the grant of a platform's answer that could not be placed",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			named := gk.Subject{Host: host}
			if subject != "" {
				var ok bool
				if named.Kind, named.ID, ok = strings.Cut(subject, ":"); !ok || named.ID == "" {
					return shell.Usage("--subject is KIND:ID, as in shop:1234")
				}
			}
			a, err := c.PlaceAuthorization(cmd.Context(), args[0], named)
			if err != nil {
				return err
			}
			return shell.PrintJSON(s.Out, a)
		},
	}
	cmd.Flags().StringVar(&subject, "subject", "", "KIND:ID of whose the answer is, where the platform does not tell")
	cmd.Flags().StringVar(&host, "host", "", "its host, where the platform has one per shop")
	return cmd
}
