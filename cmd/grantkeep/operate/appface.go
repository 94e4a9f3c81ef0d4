package operate

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

// faceFlags are how an application shows itself to merchants.
type faceFlags struct {
	flags                 *pflag.FlagSet
	vendor, sign, support string
}

func (f *faceFlags) add(flags *pflag.FlagSet) {
	f.flags = flags
	flags.StringVar(&f.vendor, "vendor", "", "who asks, on the merchant's pages; empty: the name")
	flags.StringVar(&f.sign, "sign", "", "sign on the merchant's pages: up to 3 letters, or @FILE of a picture of at most 256 x 256 px")
	flags.StringVar(&f.support, "support", "", "support contact on the merchant's pages: an https address, an e-mail address or a telephone number")
}

// given returns what was given of a flag; nil: nothing.
func (f *faceFlags) given(name, value string) *string {
	if !f.flags.Changed(name) {
		return nil
	}
	return &value
}

// read returns what was given. The picture that --sign names is read here.
func (f *faceFlags) read() (vendor, sign, support *string, err error) {
	picture := f.sign
	if file, is := strings.CutPrefix(f.sign, "@"); is {
		if picture, err = readPicture(file); err != nil {
			return nil, nil, nil, fmt.Errorf("--sign: %w", err)
		}
	}
	return f.given("vendor", f.vendor), f.given("sign", picture), f.given("support", f.support), nil
}

// largestPicture is what the server takes.
const largestPicture = 128 << 10

// readPicture reads a picture into a data: address.
func readPicture(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // it was only read
	b, err := io.ReadAll(io.LimitReader(file, largestPicture+1))
	if err != nil {
		return "", err
	}
	if len(b) > largestPicture {
		return "", shell.Usage("%s is larger than 128 KiB; make the picture smaller, 96 x 96 px are enough", name)
	}
	kind := http.DetectContentType(b)
	if !strings.HasPrefix(kind, "image/") {
		return "", shell.Usage("%s is no picture; give a PNG, JPEG or GIF", name)
	}
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(b), nil
}
