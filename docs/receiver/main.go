// Command receiver is a webhook's other end: it prints who left, and is an example to start from. It listens on loopback;
// TLS ends at a proxy. The secret comes from the environment variable WEBHOOK_SECRET.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
)

func main() {
	secret := gk.NewSecret(os.Getenv("WEBHOOK_SECRET")) //nolint:forbidigo // a program of its own
	server := &http.Server{Addr: "127.0.0.1:9090", Handler: receiver(secret, os.Stdout), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

// receiver writes a line for each genuine event about a shop that left.
func receiver(secret gk.Secret, out io.Writer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		event, err := client.ReadWebhook(secret, r.Header, body)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch event.Kind {
		case gk.EventGrantRevoked, gk.EventGrantExpired:
			// An event may come twice, under the same id: whoever does more than print remembers the ids.
			if _, err := fmt.Fprintf(out, "%d %s: %s\n", event.Position, event.Kind, event.Text.En); err != nil {
				w.WriteHeader(http.StatusInternalServerError) // it comes again
			}
		}
	})
}
