package all_test

import (
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
)

// BenchmarkExplainOfLongTexts asks about 64 kB of what nobody knows: each must take less than 100 ms.
func BenchmarkExplainOfLongTexts(b *testing.B) {
	for _, d := range all.Drivers() {
		app := d.Spec().Open(platform.App{Now: time.Now()})
		for name, text := range map[string]string{
			"letters": strings.Repeat("a", 64<<10), "words": strings.Repeat("error invalid token ", 3277), "query": strings.Repeat("a=b&", 16<<10),
			"json": `{"errors":"` + strings.Repeat("invalid_grant ", 4600) + `"}`, "chinese": strings.Repeat("错误", 10900),
		} {
			b.Run(d.Spec().Code+"/"+name, func(b *testing.B) {
				for b.Loop() {
					explain.Explain(d, app, explain.Question{Body: []byte(text)})
				}
			})
		}
	}
}
