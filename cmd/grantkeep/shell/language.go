package shell

import (
	"strings"
)

// Language picks one of the three languages from a terminal's locale.
func Language(locales ...string) string {
	for _, l := range locales {
		switch {
		case strings.HasPrefix(l, "zh_TW"), strings.HasPrefix(l, "zh_HK"), strings.HasPrefix(l, "zh_MO"):
			return "zh-TW"
		case strings.HasPrefix(l, "zh"):
			return "zh-CN"
		case l != "" && l != "C" && l != "POSIX":
			return "en"
		}
	}
	return "en"
}
