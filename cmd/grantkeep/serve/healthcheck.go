package serve

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

// healthcheckPatience is less than what orchestrators give a check.
const healthcheckPatience = 3 * time.Second

// HealthcheckCommand asks whether the server lives, for images that have no shell and no other client. It needs no key.
func HealthcheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "healthcheck", Short: "Ask the server whether it lives; exit status 0 if it does", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := client.New(cmp.Or(os.Getenv("GRANTKEEP_SERVER"), "http://127.0.0.1:8080"), gk.NewSecret("none is needed"))
			if err != nil {
				return shell.Usage("GRANTKEEP_SERVER: %v", err)
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), healthcheckPatience)
			defer cancel()
			return c.Call(ctx, http.MethodGet, "/healthz", nil, nil, nil)
		},
	}
}
