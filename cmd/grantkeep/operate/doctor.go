package operate

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/keeper"
)

func DoctorCommand(s shell.Streams) *cobra.Command {
	var asJSON, restored bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check clock, database, key ring, apps and callback addresses, and say what to do",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := remote()
			if err != nil {
				return err
			}
			var checks []client.Check
			if err := c.Call(cmd.Context(), "GET", "/readyz", nil, nil, nil); err != nil {
				var p *client.Problem
				if !errors.As(err, &p) {
					return err
				}
				checks = append(checks, client.Check{Name: "server", State: "failed", Detail: "is not ready: it stops, its database is away, or a token pair waits to be stored; its log says which"})
			} else {
				checks = append(checks, client.Check{Name: "server", State: "ok", Detail: "is ready"})
			}
			apps, err := c.Apps(cmd.Context())
			if err != nil {
				return err
			}
			for _, a := range apps {
				if restored && a.Fault != nil && a.Fault.Code == keeper.CodeRestored {
					if err := c.Call(cmd.Context(), "PATCH", "/v1/apps/"+a.ID, nil, struct{}{}, nil); err != nil { // clears the stop
						return err
					}
				}
				found, err := c.CheckApp(cmd.Context(), a.ID)
				if err != nil {
					return err
				}
				for _, check := range found {
					check.Name = a.Platform + " " + a.ID + " " + check.Name
					checks = append(checks, check)
				}
			}
			return showChecks(s, checks, asJSON)
		},
	}
	cmd.Flags().BoolVar(&restored, "restored", false, "let the renewals of apps go on that were stopped because the database looked like an old one")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
