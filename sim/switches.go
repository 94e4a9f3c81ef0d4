package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Switches are the named options of a simulator: what the platform's documents leave open, its lifetimes and limits.
type Switches struct {
	list []*Switch
}

// Switch is one option as the control call shows it.
type Switch struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"` // bool, number, duration, choice
	Value   any      `json:"value"`
	Default any      `json:"default"`
	Choices []string `json:"choices,omitempty"`
	Meaning string   `json:"meaning"`

	check func(raw json.RawMessage) (any, error)
}

// Bool declares a switch that is on or off and returns the function that reads it.
func (s *Switches) Bool(name string, value bool, meaning string) func() bool {
	o := s.add(&Switch{Name: name, Type: "bool", Value: value, Meaning: meaning, check: func(raw json.RawMessage) (any, error) {
		var b bool
		if err := json.Unmarshal(raw, &b); err != nil {
			return nil, fmt.Errorf("want true or false")
		}
		return b, nil
	}})
	return func() bool { return o.Value.(bool) }
}

// Int declares a whole number between two bounds and returns the function that reads it.
func (s *Switches) Int(name string, value, least, most int, meaning string) func() int {
	o := s.add(&Switch{Name: name, Type: "number", Value: value, Meaning: meaning, check: func(raw json.RawMessage) (any, error) {
		n, err := strconv.Atoi(strings.Trim(string(raw), `"`))
		if err != nil || n < least || n > most {
			return nil, fmt.Errorf("want a whole number from %d to %d", least, most)
		}
		return n, nil
	}})
	return func() int { return o.Value.(int) }
}

// Duration declares a length of time and returns the function that reads it. Its value is written like 90s, 36h or 30d,
// or as a number of seconds.
func (s *Switches) Duration(name string, value time.Duration, meaning string) func() time.Duration {
	d := value
	s.add(&Switch{Name: name, Type: "duration", Value: formatDuration(value), Meaning: meaning, check: func(raw json.RawMessage) (any, error) {
		parsed, err := parseDuration(strings.Trim(string(raw), `"`))
		if err != nil {
			return nil, err
		}
		d = parsed
		return formatDuration(parsed), nil
	}})
	return func() time.Duration { return d }
}

// Choice declares a switch with named positions and returns the function that reads it.
func (s *Switches) Choice(name, value string, choices []string, meaning string) func() string {
	o := s.add(&Switch{Name: name, Type: "choice", Value: value, Choices: choices, Meaning: meaning, check: func(raw json.RawMessage) (any, error) {
		text := strings.Trim(string(raw), `"`)
		if !slices.Contains(choices, text) {
			return nil, fmt.Errorf("want one of %s", strings.Join(choices, ", "))
		}
		return text, nil
	}})
	return func() string { return o.Value.(string) }
}

// add panics when a name is taken: two switches of one name are a mistake in a simulator's New.
func (s *Switches) add(o *Switch) *Switch {
	if s.find(o.Name) != nil {
		panic("sim: switch declared twice: " + o.Name)
	}
	o.Default = o.Value
	s.list = append(s.list, o)
	return o
}

func (s *Switches) find(name string) *Switch {
	for _, o := range s.list {
		if o.Name == name {
			return o
		}
	}
	return nil
}

// List returns the switches in the order in which they were declared.
func (s *Switches) List() []Switch {
	list := make([]Switch, len(s.list))
	for i, o := range s.list {
		list[i] = *o
	}
	return list
}

// Set changes switches: all of them, or none and an error that says what was expected.
func (s *Switches) Set(values map[string]json.RawMessage) error {
	// A check of a duration takes effect at once, so names come first: an unknown one changes nothing.
	for name := range values {
		if s.find(name) == nil {
			return fmt.Errorf("no option %q: GET the options for their names", name)
		}
	}
	before := s.List()
	for name, raw := range values {
		o := s.find(name)
		value, err := o.check(raw)
		if err != nil {
			s.restore(before)
			return fmt.Errorf("option %s: %w", name, err)
		}
		o.Value = value
	}
	return nil
}

func (s *Switches) restore(before []Switch) {
	for i, o := range s.list {
		raw, err := json.Marshal(before[i].Value)
		if err != nil {
			continue // bool, int and string always marshal
		}
		if value, err := o.check(raw); err == nil {
			o.Value = value
		}
	}
}

func parseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || n < 0 || n > 36500 {
			return 0, fmt.Errorf("want a duration such as 90s, 36h or 30d")
		}
		return time.Duration(n * float64(24*time.Hour)), nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 && n < 1<<33 {
		return time.Duration(n) * time.Second, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("want a duration such as 90s, 36h or 30d")
	}
	return d, nil
}

func formatDuration(d time.Duration) string {
	if day := 24 * time.Hour; d >= day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	return d.String()
}
