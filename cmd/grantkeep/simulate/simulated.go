package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/grantkeep/grantkeep/outbound"
)

// Ready is the part of the simulators' ready line that setting up needs.
type Ready struct {
	Control   string `json:"control"`
	Platforms map[string]struct {
		Base  string           `json:"base"`
		Apps  []map[string]any `json:"apps"`
		Shops []Shop           `json:"shops"`
	} `json:"platforms"`
}

// Control makes one control call of simulators and returns what it answers.
func Control(ctx context.Context, gate *outbound.Gate, address string, in any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := gate.Send(ctx, req, outbound.Policy{Allow: func(string, string) bool { return true }})
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return nil, fmt.Errorf("control call %s answered %d: %s", req.URL.Path, answer.Status, answer.Body)
	}
	return answer.Body, nil
}

// Shop is a shop of a simulated platform, as its ready line tells.
type Shop struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Host  string `json:"host"`
	Owner string `json:"owner"` // the account that it belongs to, where the platform has such
}
