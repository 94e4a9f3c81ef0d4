package sqlstore

import (
	"context"
	"encoding/json"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store/sqlstore/clause"
	"github.com/grantkeep/grantkeep/store/sqlstore/terms"
)

const shopColumns = `grant_id, shop_id, name, host, region, facts, lost_at`

// ownedShop is a shop and the grant that reaches it.
type ownedShop struct {
	grant string
	shop  gk.Shop
}

func scanShop(r Row) (o ownedShop, err error) {
	return o, r.Scan(&o.grant, &o.shop.ID, &o.shop.Name, &o.shop.Host, &o.shop.Region, document(&o.shop.Facts), at(&o.shop.LostAt.Time))
}

// shopsOf returns the shops of a grant in the order of their ids.
func shopsOf(ctx context.Context, q Querier, scan func(Row) (ownedShop, error), grant string) ([]gk.Shop, error) {
	found, err := all(ctx, q, scan, `SELECT `+shopColumns+` FROM shops WHERE grant_id = $1 ORDER BY shop_id`, grant)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	shops := make([]gk.Shop, len(found))
	for i := range found {
		shops[i] = found[i].shop
	}
	return shops, nil
}

// addShops reads the shops of many grants that are not written back into them.
func addShops(ctx context.Context, q Querier, grants []gk.Grant) error {
	return addShopsBy(ctx, q, shownShop, grants)
}

func addShopsBy(ctx context.Context, q Querier, scan func(Row) (ownedShop, error), grants []gk.Grant) error {
	place := make(map[string]*gk.Grant, len(grants))
	ids := make([]string, len(grants))
	for i := range grants {
		place[grants[i].ID], ids[i] = &grants[i], grants[i].ID
	}
	for len(ids) > 0 {
		n := min(len(ids), tokensAtOnce)
		var w clause.Where
		found, err := all(ctx, q, scan, `SELECT `+shopColumns+` FROM shops
			WHERE grant_id IN (`+w.List(ids[:n])+`) ORDER BY grant_id, shop_id`, w.Args...)
		if err != nil {
			return err
		}
		for _, o := range found {
			place[o.grant].Shops = append(place[o.grant].Shops, o.shop)
		}
		ids = ids[n:]
	}
	return nil
}

// replaceShops stores the shops of a grant in place of those that it had.
func replaceShops(ctx context.Context, q Querier, g *gk.Grant) error {
	if _, err := exec(ctx, q, `DELETE FROM shops WHERE grant_id = $1`, g.ID); err != nil {
		return err
	}
	return insertShops(ctx, q, g)
}

// insertShops stores the shops of grants that have none yet.
func insertShops(ctx context.Context, q Querier, grants ...*gk.Grant) error {
	var rows [][]any
	for _, g := range grants {
		for _, shop := range g.Shops {
			rows = append(rows, []any{g.ID, shop.ID, shop.Name, shop.Host, shop.Region, document(shop.Facts), ms(shop.LostAt.Time), g.App})
		}
	}
	return insertMany(ctx, q, `shops`, shopColumns+`, app_id`, rows)
}

// print is what a grant holds beside its own columns, written down: a change function may change shops in place.
type print struct{ shops, folded string }

func printGrant(g *gk.Grant) (print, error) {
	b, err := json.Marshal(g.Shops)
	return print{string(b), terms.Text(g)}, err
}
