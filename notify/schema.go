package notify

import (
	"encoding/json"
	"maps"
	"slices"

	gk "github.com/grantkeep/grantkeep"
)

// Schema returns the JSON Schema of an event, as it is published.
func Schema() ([]byte, error) {
	text := map[string]any{"type": "string"}
	texts := object(map[string]any{"zh-CN": text, "zh-TW": text, "en": text}, "zh-CN", "zh-TW", "en")
	properties := map[string]any{
		"id":            describe(text, "the same wherever and however often the event is told"),
		"position":      map[string]any{"type": "integer", "description": "in the order of publication; 0 until it is published"},
		"kind":          map[string]any{"type": "string", "examples": Kinds(), "description": "further kinds may be added; those that are there keep their meaning"},
		"at":            map[string]any{"type": "string", "format": "date-time"},
		"app":           describe(text, "empty where the event is of no app"),
		"platform":      text,
		"grant":         text,
		"authorization": text,
		"owner":         text,
		"tags":          map[string]any{"type": "object", "additionalProperties": text},
		"actor":         describe(text, "id of an API key, merchant, platform or engine"),
		"severity":      map[string]any{"enum": severities},
		"whose_move":    map[string]any{"enum": []string{moveUs, moveVendor, moveMerchant, "platform"}},
		"text":          texts,
		"subject": object(map[string]any{
			"kind": text, "id": text, "parent": text, "host": text, "region": text, "name": text,
		}, "kind", "id"),
		"fault": object(map[string]any{
			"platform": text, "stage": text, "code": text, "message": text, "action": map[string]any{"enum": gk.Actions()}, "whose_move": text,
			"terminal": map[string]any{"type": "boolean"}, "known": map[string]any{"type": "boolean"}, "cause": texts, "remedy": texts,
			"row": text, "report": text, "reason": text, "retry_after": text, "request_id": text,
		}, "platform", "stage", "code", "action", "whose_move"),
		"data": map[string]any{"type": "object", "description": "what there is to say of this kind alone"},
	}
	schema := object(properties, "id", "position", "kind", "at", "app", "platform", "actor", "severity", "text", "data")
	ofKinds := make([]any, 0, len(dataOf))
	for _, k := range slices.Sorted(maps.Keys(dataOf)) {
		ofKinds = append(ofKinds, map[string]any{
			"if":   map[string]any{"properties": map[string]any{"kind": map[string]any{"const": k}}},
			"then": map[string]any{"properties": map[string]any{"data": dataOf[k]}},
		})
	}
	schema["allOf"] = ofKinds
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "Event of Grantkeep"
	b, err := json.MarshalIndent(schema, "", "  ")
	return append(b, '\n'), err
}

// What data holds. A kind may come to tell more; what is required here stays.
var (
	word   = map[string]any{"type": "string"}
	count  = map[string]any{"type": "integer"}
	moment = map[string]any{"type": "string", "format": "date-time"}
	ids    = map[string]any{"type": "array", "items": word}
	whyNot = object(map[string]any{ // a fault in short, whose words are in the event's fault; empty where nothing refused
		"code": word, "stage": word, "action": word, "row": word, "whose_move": word, "reason": word,
	})
)

// dataOf is what there is to say of a kind alone.
var dataOf = map[string]map[string]any{
	gk.EventAuthorizationCompleted:  object(map[string]any{"grants": ids}, "grants"),
	gk.EventAuthorizationFailed:     whyNot,
	gk.EventGrantMoved:              object(map[string]any{"from": word, "to": word}), // not told to whom only one of them is
	gk.EventGrantConfirmed:          object(map[string]any{"from": word, "to": word}),
	gk.EventGrantShopsChanged:       object(map[string]any{"gained": ids, "lost": ids, "gained_count": count, "lost_count": count}, "gained", "lost"),
	gk.EventGrantExpiring:           object(map[string]any{"end": map[string]any{"enum": []string{"authorization", "token"}}, "at": moment, "days": count}, "end", "at", "days"),
	gk.EventGrantNeedsAuthorization: whyNot,
	gk.EventGrantSuspended:          whyNot,
	gk.EventGrantExpired:            whyNot,
	gk.EventAppPaused:               whyNot,
	gk.EventAppKeyExpiring:          object(map[string]any{"setting": word, "at": moment, "days": count}, "setting", "at", "days"),
	gk.EventWebhookTest:             object(map[string]any{"webhook": word}, "webhook"),
	gk.EventWebhookFailing:          object(map[string]any{"webhook": word, "since": moment}, "webhook", "since"),
	gk.EventWebhookDisabled: object(map[string]any{
		"webhook": word, "since": moment, "reason": map[string]any{"enum": []string{"gone", "failing"}},
	}, "webhook", "since", "reason"),
	gk.EventQuotaNear:      object(map[string]any{"limit": word, "used": count, "of": count, "resets_at": moment}, "limit", "used", "of", "resets_at"),
	gk.EventSystemBehind:   object(map[string]any{"platform": word, "since": moment, "minutes": count}, "platform", "since", "minutes"),
	gk.EventSystemCaughtUp: object(map[string]any{"platform": word}, "platform"),
	gk.EventSystemSpilled:  object(map[string]any{"what": word}, "what"),
	gk.EventKeyVolume:      object(map[string]any{"key": word, "uses": count, "usual": count}, "key", "uses", "usual"),
	gk.EventKeyNewNetwork:  object(map[string]any{"key": word, "network": word}, "key", "network"),
	gk.EventPrivacyRequested: object(map[string]any{
		"topic": word, "request": word, "customer": word, "orders": ids, "shop": word, "host": word,
	}, "topic"),
}

func object(properties map[string]any, required ...string) map[string]any {
	return map[string]any{"type": "object", "properties": properties, "required": append([]string{}, required...)}
}

func describe(schema map[string]any, words string) map[string]any {
	return map[string]any{"type": schema["type"], "description": words}
}
