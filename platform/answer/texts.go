package answer

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// ErrorTexts flattens the member errors: a text, a list of texts, or a map from a field to its texts.
func ErrorTexts(raw json.RawMessage) []string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return nil
	}
	switch v := v.(type) {
	case string:
		return NonEmpty(v)
	case []any:
		return NonEmpty(plain(v)...)
	case map[string]any:
		var texts []string
		for _, field := range slices.Sorted(maps.Keys(v)) {
			list, ok := v[field].([]any)
			if !ok {
				list = []any{v[field]}
			}
			for _, t := range NonEmpty(plain(list)...) {
				texts = append(texts, field+" "+t)
			}
		}
		return texts
	}
	return nil
}

func plain(list []any) []string {
	texts := make([]string, 0, len(list))
	for _, v := range list {
		if s, ok := v.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

// NonEmpty leaves out what says nothing.
func NonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(s string) bool { return strings.TrimSpace(s) == "" })
}
