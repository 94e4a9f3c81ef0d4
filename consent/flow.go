package consent

import (
	"log/slog"
	"sync"

	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// Flow takes merchants from a link to their grants. It is safe for concurrent use.
type Flow struct {
	keeper *keeper.Keeper
	store  store.Store
	vault  *vault.Vault
	apps   *apps.Registry
	log    *slog.Logger

	ended   notices // of clicks
	resumed resumed

	mu     sync.Mutex
	budget map[string]*budget // exchanges that nobody of ours began, by app
}

// New makes the flow of a keeper's installation. The keeper's Run goes on with what it leaves half done.
func New(k *keeper.Keeper) *Flow {
	f := &Flow{keeper: k, store: k.Store(), vault: k.Vault(), apps: k.Apps(), log: k.Log(), budget: make(map[string]*budget)}
	k.Attend(f)
	return f
}
