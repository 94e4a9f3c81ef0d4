package operate

import (
	"os"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

// remote makes the client of the commands that talk to a server.
func remote() (*client.Client, error) {
	server, key := os.Getenv("GRANTKEEP_SERVER"), os.Getenv("GRANTKEEP_KEY")
	if server == "" {
		server = shell.DefaultServer
	}
	if key == "" {
		return nil, shell.Usage("GRANTKEEP_KEY is not set: the API key (GRANTKEEP_SERVER names the server, now %s)", server)
	}
	c, err := client.New(server, gk.NewSecret(key))
	if err != nil {
		return nil, shell.Usage("GRANTKEEP_SERVER, GRANTKEEP_KEY: %v", err)
	}
	return c, nil
}
