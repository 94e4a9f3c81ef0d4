// Command grantkeep is the whole product in one binary: the server, the simulators, the demo, and the commands that
// people and scripts use. It is the only place that names concrete databases and the list of platforms.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}
