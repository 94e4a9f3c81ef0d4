package notify

import (
	"encoding/json"

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
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "Event of Grantkeep"
	b, err := json.MarshalIndent(schema, "", "  ")
	return append(b, '\n'), err
}

func object(properties map[string]any, required ...string) map[string]any {
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

func describe(schema map[string]any, words string) map[string]any {
	return map[string]any{"type": schema["type"], "description": words}
}
