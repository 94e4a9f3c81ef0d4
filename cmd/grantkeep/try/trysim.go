package try

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/simulate"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/sim"
)

// trySimulator is one platform in a box inside this process, with an app and shops of its own.
type trySimulator struct {
	running *sim.Running
	ready   simulate.Ready
	code    string
	gate    *outbound.Gate // to the control calls, and the browser that follows the platform's redirect
}

func startTrySimulator(ctx context.Context, code string) (*trySimulator, error) {
	platforms, _ := all.Simulators()
	platforms = slices.DeleteFunc(platforms, func(p sim.Platform) bool { return p.Name != code })
	if len(platforms) == 0 {
		return nil, shell.Usage("--simulate: %s has no simulator", code)
	}
	running, err := sim.Start(ctx, sim.Options{Platforms: platforms})
	if err != nil {
		return nil, err
	}
	s := &trySimulator{running: running, code: code}
	line, err := json.Marshal(running)
	if err == nil {
		err = json.Unmarshal(line, &s.ready)
	}
	if err != nil {
		_ = running.Close() // the error says more
		return nil, err
	}
	return s, nil
}

// describe fills in what the flags leave open with what the simulator made up for this run.
func (s *trySimulator) describe(t *trial, given map[string]string) {
	box := s.ready.Platforms[s.code]
	facts := t.driver.Spec().Facts
	for name, setting := range facts.Settings {
		if _, ok := given[name]; !ok && len(box.Apps) > 0 && box.Apps[0][name] != nil && setting.RequiredFor(t.driver.Spec().Open(t.app).Profile) {
			given[name] = sim.Settings(box.Apps[0]).Text(name)
		}
	}
	for _, e := range facts.Endpoints {
		for name := range e.Bases {
			t.app.Endpoints[name] = box.Base
		}
	}
	if len(box.Shops) > 0 && facts.ShopNeeded && t.shop == "" {
		t.shop = box.Shops[0].Host
	}
}

// register tells the simulator the callback address, as a vendor does in the platform's console.
func (s *trySimulator) register(ctx context.Context, t *trial) error {
	host := shell.Host(t.app.CallbackURL)
	gate, err := outbound.New(outbound.Options{Allow: []string{shell.Host(s.ready.Control), host}, UserAgent: "grantkeep/" + shell.Version})
	if err != nil {
		return err
	}
	s.gate = gate
	told := maps.Clone(s.ready.Platforms[s.code].Apps[0])
	told["redirect_uri"] = t.app.CallbackURL
	_, err = simulate.Control(ctx, gate, s.ready.Control+"/"+s.code+"/apps", told)
	return err
}

// agree acts as the merchant of the first shop, and returns the address to which the platform sends the browser.
func (s *trySimulator) agree(ctx context.Context, link string) (shop, address string, err error) {
	want := sim.Consent{URL: link, Decision: sim.Approve}
	if shops := s.ready.Platforms[s.code].Shops; len(shops) > 0 {
		want.Shops, shop = []string{shops[0].ID}, shops[0].Name
		if shop == "" {
			shop = shops[0].ID
		}
	}
	answer, err := simulate.Control(ctx, s.gate, s.ready.Control+"/"+s.code+"/consent", want)
	if err != nil {
		return "", "", err
	}
	var out sim.Outcome
	if err := json.Unmarshal(answer, &out); err != nil {
		return "", "", fmt.Errorf("consent: %w", err)
	}
	if out.Callback == "" {
		return "", "", fmt.Errorf("the simulated platform sent the browser nowhere: %s %s", out.Title, out.Refusal)
	}
	return shop, out.Callback, nil
}
