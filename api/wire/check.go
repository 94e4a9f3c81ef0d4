package wire

import (
	"github.com/grantkeep/grantkeep/explain"
)

// Check is one line of an app's check.
type Check struct {
	Name   string         `json:"name"`
	State  string         `json:"state" enum:"ok,failed,manual" doc:"manual: only a person can look"`
	Detail string         `json:"detail"`
	Fault  *explain.Fault `json:"fault,omitempty"`
}
