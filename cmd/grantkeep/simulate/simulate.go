// Package simulate has the command that runs the simulators, and what other commands know of them.
package simulate

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/sim"
)

func Command(s shell.Streams) *cobra.Command {
	platforms, ports := all.Simulators()
	o := sim.Options{Platforms: platforms, Ports: ports}
	var overrides []string
	var tokenFile, scenario string
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Run the platforms in a box, on loopback",
		Long: "Run the platforms in a box: each at the root of a port of its own, and the control calls on another.\n" +
			"When ready it prints one line of JSON that tells where they are, with the made-up credentials of this run.",
		Args: cobra.NoArgs,
		Example: "  grantkeep simulate --control-port 0 --port shopee=0\n" +
			"  grantkeep simulate --listen simulators --unsafe-listen --token-file token --scenario outage.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, pair := range overrides {
				name, text, ok := strings.Cut(pair, "=")
				port, err := strconv.Atoi(text)
				if _, known := ports[name]; !ok || err != nil || !known || port < 0 || port > 65535 {
					return shell.Usage("--port takes PLATFORM=NUMBER, such as shopee=0 for any free one")
				}
				o.Ports[name] = port
			}
			if err := simulateMore(s, &o, tokenFile, scenario); err != nil {
				return err
			}
			running, err := sim.Start(cmd.Context(), o)
			if err != nil {
				return err
			}
			line, err := json.Marshal(running)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(s.Out, "%s\n", line); err != nil {
				return err
			}
			return running.Wait()
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1", "address or name of this machine to listen on, and under which it is reached; a loopback one, unless --unsafe-listen")
	f.IntVar(&o.ControlPort, "control-port", 7700, "port of the control calls; 0: any free one")
	f.StringArrayVar(&overrides, "port", nil, "PLATFORM=NUMBER, 0 for any free port (may be repeated)")
	f.BoolVar(&o.TLS, "tls", false, "serve https with a certificate made for this run")
	f.BoolVar(&o.AnyAddress, "unsafe-listen", false, "allow an address that is not loopback; needs --token-file")
	f.StringVar(&tokenFile, "token-file", "", "file with a token of at least 32 characters that control calls must bring as Authorization: Bearer; env:NAME or - for standard input")
	f.StringVar(&scenario, "scenario", "", "JSON file with control calls that are made before the simulators answer: faults, options, shops, apps, the clock")
	f.Bool("json", true, "the output is JSON in any case")
	return cmd
}
