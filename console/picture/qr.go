package picture

import (
	"fmt"
	"strings"

	"github.com/skip2/go-qrcode"
)

// QR draws a text as the path of an SVG, whose sides are as long as the number it returns.
func QR(text string) (path string, size int, err error) {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return "", 0, err
	}
	code.DisableBorder = true
	var b strings.Builder
	rows := code.Bitmap()
	for y, row := range rows {
		for x := 0; x < len(row); x++ {
			from := x
			for x < len(row) && row[x] {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1H%dz", from+1, y+1, x-from, from+1)
			}
		}
	}
	return b.String(), len(rows) + 2, nil
}
