// Command grantkeep is the whole product in one binary: the server, the simulators, the demo, and the commands that
// people and scripts use. It is the only place that names concrete databases and the list of platforms.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

// version is set by the build of a release.
var version = "development"

func main() {
	shell.Version = version
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], shell.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
