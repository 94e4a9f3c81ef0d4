package shell

import (
	"os"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
)

// Remote makes the client of the commands that talk to a server.
func Remote() (*client.Client, error) {
	server, key := os.Getenv("GRANTKEEP_SERVER"), os.Getenv("GRANTKEEP_KEY")
	if server == "" {
		server = DefaultServer
	}
	if key == "" {
		return nil, Usage("GRANTKEEP_KEY is not set: the API key (GRANTKEEP_SERVER names the server, now %s)", server)
	}
	c, err := client.New(server, gk.NewSecret(key))
	if err != nil {
		return nil, Usage("GRANTKEEP_SERVER, GRANTKEEP_KEY: %v", err)
	}
	return c, nil
}
