package shopify

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// mostCost is what one query may cost.
const mostCost = 1000

// typeName is the name under which an object of an answer holds its type.
const typeName = "__typename"

// graphError is one error of an answer, which comes with HTTP 200.
type graphError struct {
	Message    string         `json:"message"`
	Path       []string       `json:"path,omitempty"`
	Extensions map[string]any `json:"extensions,omitempty"`
}

func (e graphError) Error() string { return e.Message }

func coded(code, format string, args ...any) graphError {
	return graphError{Message: fmt.Sprintf(format, args...), Extensions: map[string]any{"code": code}}
}

// graphQL answers one operation. Whatever is wrong with it is told inside HTTP 200.
func (s *simulator) graphQL(w http.ResponseWriter, r *http.Request, c caller) {
	if r.Method != http.MethodPost {
		s.apiError(w, r, http.StatusNotAcceptable, "Not Acceptable", "method "+r.Method)
		return
	}
	var body struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && kind == "application/json" {
		d := json.NewDecoder(r.Body)
		d.UseNumber()
		err = d.Decode(&body)
	}
	if err != nil || kind != "application/json" || body.Query == "" {
		s.apiError(w, r, http.StatusBadRequest, "Bad Request", "want a JSON object with a query")
		return
	}
	if s.state(c.store) == "inactive" {
		s.sayGraphQL(w, r, "SHOP_INACTIVE", "The shop is inactive")
		return
	}
	q, err := parseQuery(body.Query, body.Variables)
	if err != nil {
		s.sayGraphQL(w, r, "", "Parse error "+err.Error())
		return
	}
	price := cost(q.fields)
	if q.mutation {
		price = max(price, 10)
	}
	if price > mostCost {
		s.sayGraphQL(w, r, "MAX_COST_EXCEEDED", fmt.Sprintf("Query cost is %d, which exceeds the single query max cost limit (%d).", price, mostCost))
		return
	}
	if !s.pay(w, r, c, price) {
		return
	}
	data, errs := s.resolve(c, q)
	answer := map[string]any{"extensions": s.costs(c, price, price)}
	if data != nil {
		answer["data"] = data
	}
	if len(errs) > 0 {
		answer["errors"] = errs
		s.kit.Call(r).Refuse("%s", errs[0].Message)
	}
	writeJSON(w, http.StatusOK, answer)
}

// pay takes the price of a query from the points of the plan.
func (s *simulator) pay(w http.ResponseWriter, r *http.Request, c caller, price int) bool {
	b := bucketOf(s.points, c.pair)
	if b.room(s.kit.Now(), pointLimits[s.planOf(c.store)]) >= float64(price) {
		b.level += float64(price)
		return true
	}
	s.kit.Call(r).Refuse("throttled: the query costs %d points", price)
	writeJSON(w, http.StatusOK, map[string]any{
		"errors":     []graphError{coded("THROTTLED", "Throttled")},
		"extensions": s.costs(c, price, nil),
	})
	return false
}

// costs is what an answer tells about the points.
func (s *simulator) costs(c caller, requested int, actual any) map[string]any {
	l := pointLimits[s.planOf(c.store)]
	return map[string]any{"cost": map[string]any{
		"requestedQueryCost": requested, "actualQueryCost": actual,
		"throttleStatus": map[string]any{
			"maximumAvailable": l.size, "restoreRate": l.leak,
			"currentlyAvailable": int(bucketOf(s.points, c.pair).room(s.kit.Now(), l)),
		},
	}}
}

// sayGraphQL answers with one error, with or without a code.
func (s *simulator) sayGraphQL(w http.ResponseWriter, r *http.Request, code, text string) {
	s.kit.Call(r).Refuse("%s %s", code, text)
	e := graphError{Message: text}
	if code != "" && code != "*" {
		e.Extensions = map[string]any{"code": code}
	}
	answer := map[string]any{"errors": []graphError{e}}
	if code == "THROTTLED" {
		answer["extensions"] = map[string]any{"cost": map[string]any{
			"requestedQueryCost": 600, "actualQueryCost": nil,
			"throttleStatus": map[string]any{"maximumAvailable": 2000, "currentlyAvailable": 150, "restoreRate": 100},
		}}
	}
	writeJSON(w, http.StatusOK, answer)
}

// resolve answers the fields of an operation. What is refused is null beside its error; a field that does not exist
// makes the whole operation void.
func (s *simulator) resolve(c caller, q query) (map[string]any, []graphError) {
	data := map[string]any{}
	var errs []graphError
	for _, f := range q.fields {
		value, err := s.root(c, q.mutation, f)
		if err == nil {
			value, err = pick(value, f)
		}
		var e graphError
		errors.As(err, &e)
		switch {
		case err == nil:
			data[f.alias] = value
		case e.Extensions["code"] == "undefinedField":
			return nil, []graphError{e}
		default:
			e.Path = []string{f.alias}
			data[f.alias], errs = nil, append(errs, e)
		}
	}
	return data, errs
}

// root answers a field of the query or mutation itself.
func (s *simulator) root(c caller, mutation bool, f field) (any, error) {
	switch {
	case mutation && f.name == "appUninstall":
		s.uninstall(c.app, c.store)
		app := map[string]any{typeName: "App", "id": "gid://shopify/App/" + c.app.ID}
		return map[string]any{typeName: "AppUninstallPayload", "app": app, "userErrors": []any{}}, nil
	case mutation && f.name == "webhookSubscriptionCreate":
		return s.subscribeByQuery(c, f), nil
	case mutation:
		return nil, coded("undefinedField", "Field '%s' doesn't exist on type 'Mutation'", f.name)
	case f.name == typeName:
		return "QueryRoot", nil
	case f.name == "shop":
		return map[string]any{
			typeName: "Shop", "id": "gid://shopify/Shop/" + c.store.ID, "name": c.store.Name, "myshopifyDomain": c.store.Host,
			"email": "owner@" + label(c.store) + ".example",
		}, nil
	case f.name == "currentAppInstallation":
		return map[string]any{
			typeName: "AppInstallation", "id": "gid://shopify/AppInstallation/" + c.store.ID, "accessScopes": handles(c.pair.Scopes),
		}, nil
	case f.name == "webhookSubscriptions":
		return connection("WebhookSubscription", s.subscriptions(c)), nil
	case slices.Contains([]string{"orders", "products", "customers"}, f.name):
		return s.protected(c, f.name)
	}
	return nil, coded("undefinedField", "Field '%s' doesn't exist on type 'QueryRoot'", f.name)
}

// protected answers what needs a scope, and customers an approval beside it.
func (s *simulator) protected(c caller, name string) (any, error) {
	if !may(c.pair.Scopes, "read_"+name) {
		return nil, coded("ACCESS_DENIED", "Access denied for %s field. Required access: `read_%s` access scope.", name, name)
	}
	if name == "customers" && !approved(c.app, "customers") {
		e := coded("ACCESS_DENIED", "This app is not approved to access the Customer object.")
		if s.options.protectedCode() == "left_out" {
			e.Extensions = nil
		}
		return nil, e
	}
	return connection(strings.ToUpper(name[:1])+strings.TrimSuffix(name[1:], "s"), nil), nil
}

// connection is a list as GraphQL writes it.
func connection(of string, nodes []any) map[string]any {
	edges := []any{}
	for _, node := range nodes {
		edges = append(edges, map[string]any{typeName: of + "Edge", "node": node, "cursor": "c"})
	}
	if nodes == nil {
		nodes = []any{}
	}
	return map[string]any{
		typeName: of + "Connection", "nodes": nodes, "edges": edges,
		"pageInfo": map[string]any{typeName: "PageInfo", "hasNextPage": false, "endCursor": nil},
	}
}

// pick takes out of a value what was asked for.
func pick(value any, f field) (any, error) {
	switch v := value.(type) {
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			one, err := pick(item, f)
			if err != nil {
				return nil, err
			}
			list = append(list, one)
		}
		return list, nil
	case map[string]any:
		if len(f.sub) == 0 {
			return nil, coded("selectionMismatch", "Field must have selections (field '%s' returns %v but has no selections)", f.name, v[typeName])
		}
		out := map[string]any{}
		for _, sub := range f.sub {
			if !slices.Contains(slices.Collect(maps.Keys(v)), sub.name) {
				return nil, coded("undefinedField", "Field '%s' doesn't exist on type '%v'", sub.name, v[typeName])
			}
			one, err := pick(v[sub.name], sub)
			if err != nil {
				return nil, err
			}
			out[sub.alias] = one
		}
		return out, nil
	}
	return value, nil
}
