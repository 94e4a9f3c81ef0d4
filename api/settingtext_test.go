package api

import (
	"testing"
)

// TestNumbersAreSettingsWhereThePlatformHasNumbers keeps the digits as they were written.
func TestNumbersAreSettingsWhereThePlatformHasNumbers(t *testing.T) {
	for _, c := range []struct{ form, value, text string }{
		{"int", "9007199254740993", "9007199254740993"},
		{"int", `"17"`, "17"},
		{"time", "1790000000", "1790000000"},
		{"id", "12345678901234567890", "12345678901234567890"},
		{"bool", "true", "true"},
		{"list", `["a","b"]`, "a,b"},
	} {
		if text, ok := settingText(c.form, appSetting(c.value)); !ok || text != c.text {
			t.Errorf("%s %s = %q, %t, want %q", c.form, c.value, text, ok, c.text)
		}
	}
	for _, c := range []struct{ form, value string }{
		{"int", "1e3"}, {"int", "1.5"}, {"int", "true"}, {"bool", "1"}, {"text", "1"}, {"", "1"}, {"url", "[]"}, {"choice", "false"}, {"list", "[null]"},
	} {
		if text, ok := settingText(c.form, appSetting(c.value)); ok {
			t.Errorf("%s %s = %q, want refused", c.form, c.value, text)
		}
	}
}
