package wire

import (
	gk "github.com/grantkeep/grantkeep"
)

// Shop is one shop that a grant reaches.
type Shop struct {
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`
	Host   string `json:"host,omitempty"`
	LostAt Moment `json:"lost_at,omitzero"`
}

func Shops(all []gk.Shop) []Shop {
	out := make([]Shop, 0, len(all))
	for _, s := range all {
		out = append(out, Shop{s.ID, s.Name, s.Host, Moment{s.LostAt}})
	}
	return out
}

// ByID is the id in a path.
type ByID struct {
	ID string `path:"id" maxLength:"100"`
}
