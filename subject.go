package grantkeep

// Kinds of a Subject. Platforms may add their own; these are the ones that rules of the engine know.
const (
	KindShop        = "shop"
	KindMerchant    = "merchant"
	KindMainAccount = "main_account"
	KindAccount     = "account"
	KindPartner     = "partner"
	KindApp         = "app" // the app itself, whose own token is a grant too
)

// Subject is who gave a permission. ID is the platform's stable identifier, never a name or a host.
type Subject struct {
	Kind   string `json:"kind"`             // shop, merchant, main_account, account, user, partner, app
	ID     string `json:"id"`               // unique with Kind inside an app; may be composed ("main:sub", "region/id")
	Parent string `json:"parent,omitempty"` // the subject whose end ends this one (Taobao and Shopee main accounts)
	Host   string `json:"host,omitempty"`   // API host of this subject, on platforms that have one per shop
	Region string `json:"region,omitempty"` // chooses an API host from the allow-list
	Name   string `json:"name,omitempty"`   // for people
}

// Same reports whether two subjects are one: kind and id decide, the rest are attributes that may change.
func (s Subject) Same(other Subject) bool { return s.Kind == other.Kind && s.ID == other.ID }

// String returns KIND:ID, the form in which a subject is named in addresses and texts.
func (s Subject) String() string { return s.Kind + ":" + s.ID }

// Shop is one shop that a grant reaches.
type Shop struct {
	ID     string            `json:"id"`
	Name   string            `json:"name,omitempty"`
	Host   string            `json:"host,omitempty"`
	Region string            `json:"region,omitempty"`
	Facts  map[string]string `json:"facts,omitempty"` // extra ids that a call needs: shop_cipher, short_code
	LostAt Time              `json:"lost_at,omitzero"`
}

// UniqueShops returns shops with each id once, where it came first: platforms name a shop twice at times.
func UniqueShops(shops []Shop) []Shop {
	seen := make(map[string]bool, len(shops))
	unique := shops[:0:0]
	for _, s := range shops {
		if !seen[s.ID] {
			seen[s.ID] = true
			unique = append(unique, s)
		}
	}
	return unique
}
