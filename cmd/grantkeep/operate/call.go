package operate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

// longestCall is what the API takes of a call, in bytes.
const longestCall = 1 << 20

func grantCall(s shell.Streams) *cobra.Command {
	return sendCall(s, (*client.Client).Send, &cobra.Command{
		Use: "call GRANT", Short: "Send an API call on behalf of a grant",
		Long: "Sends an API call on behalf of a grant and prints the body of the platform's answer.\n\n" +
			"Reads the call from standard input, as {\"method\":\"GET\",\"path\":\"/openapi/2022-01/shop\"} or, on platforms with\n" +
			"operations, {\"operation\":\"eleme.user.getUser\",\"params\":{}}. What went wrong goes to standard error, and the exit\n" +
			"status is 1.",
		Example: `  echo '{"method":"GET","path":"/openapi/2022-01/shop"}' | grantkeep grant call grt_01…`,
	})
}

func appCall(s shell.Streams) *cobra.Command {
	return sendCall(s, (*client.Client).SendApp, &cobra.Command{
		Use: "call APP", Short: "Send an API call of an application itself, for which no merchant's token is needed",
		Long: "Sends an API call of an application itself and prints the body of the platform's answer. The key needs the scope\n" +
			"app_call. The call is read and answered as that of grantkeep grant call.",
		Example: `  echo '{"method":"GET","path":"/api/v2/public/get_shops_by_partner"}' | grantkeep app call app_01…`,
	})
}

// sendCall makes a command that sends a call for the one thing that its argument names.
func sendCall(
	s shell.Streams, send func(*client.Client, context.Context, string, json.RawMessage) (*client.Answer, error), cmd *cobra.Command,
) *cobra.Command {
	var asJSON bool
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		call, err := readCall(s.In)
		if err != nil {
			return err
		}
		c, err := shell.Remote()
		if err != nil {
			return err
		}
		a, err := send(c, cmd.Context(), args[0], call)
		if err != nil {
			return err
		}
		defer func() { _ = a.Body.Close() }() // only read from
		if asJSON {
			err = printAnswer(s, a)
		} else {
			_, err = io.Copy(s.Out, a.Body)
		}
		if err != nil || a.Fault == nil && a.Status < http.StatusBadRequest {
			return err
		}
		return sayFault(s, a)
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print status, headers, body and fault as JSON")
	return cmd
}

// readCall reads one JSON object.
func readCall(in io.Reader) (json.RawMessage, error) {
	text, err := io.ReadAll(io.LimitReader(in, longestCall+1))
	if err != nil {
		return nil, err
	}
	var object map[string]json.RawMessage
	if len(text) > longestCall || json.Unmarshal(text, &object) != nil {
		return nil, shell.Usage("standard input must hold the call as one JSON object of at most 1 MiB")
	}
	return text, nil
}

func printAnswer(s shell.Streams, a *client.Answer) error {
	body, err := io.ReadAll(a.Body)
	if err != nil {
		return err
	}
	return shell.PrintJSON(s.Out, map[string]any{"status": a.Status, "headers": a.Header, "body": string(body), "fault": a.Fault})
}

// sayFault tells a person what the platform's answer means.
func sayFault(s shell.Streams, a *client.Answer) error {
	text := fmt.Sprintf("\nthe platform answered %d", a.Status)
	if f := a.Fault; f != nil {
		text += fmt.Sprintf(", %s: %s\n%s", f.Code, f.Cause.En, f.Remedy.En)
	}
	if _, err := fmt.Fprintln(s.Err, text); err != nil {
		return err
	}
	return shell.ErrFailed
}
