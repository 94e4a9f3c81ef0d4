package apps

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image"
	"image/png"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	// The pictures that a sign may come as.
	_ "image/gif"
	_ "image/jpeg"

	gk "github.com/grantkeep/grantkeep"
)

// FaceInput is how an app shall show itself to merchants; nil leaves a member as it is, and an empty one removes it.
type FaceInput struct {
	Vendor  *string
	Sign    *string // letters, or a picture as data:image/png;base64,…
	Support *string
}

// Bounds of a face. A sign is shown at 32 px, and an app's row is read often.
const (
	longestVendor  = 60 // letters
	longestLetters = 3
	longestSupport = 200
	widestSign     = 256       // px
	largestSign    = 16 << 10  // bytes as stored
	largestUpload  = 128 << 10 // bytes as sent
)

const signShape = "must be up to 3 letters, or data:image/png;base64,… of a PNG, JPEG or GIF of at most 256 x 256 px"

// merge reads what is given into an app's face.
func (in FaceInput) merge(face *gk.Face) error {
	if in.Vendor != nil {
		name := strings.TrimSpace(*in.Vendor)
		if utf8.RuneCountInString(name) > longestVendor || !shown(name) {
			return gk.BadInput("vendor", "must be a name of at most 60 letters on one line; it is what merchants read")
		}
		face.Vendor = name
	}
	if in.Sign != nil {
		letters, picture, err := readSign(strings.TrimSpace(*in.Sign))
		if err != nil {
			return err
		}
		face.Letters, face.Picture = letters, picture
	}
	if in.Support != nil {
		support := strings.TrimSpace(*in.Support)
		if support != "" && SupportLink(support) == "" {
			return gk.BadInput("support", "must be an https:// address, an e-mail address or a telephone number such as +86 571 1234 5678")
		}
		face.Support = support
	}
	return nil
}

// shown reports whether a text can stand on a page as it is: printable, on one line.
func shown(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// readSign reads letters or a picture.
func readSign(sign string) (letters string, picture []byte, err error) {
	kind, encoded, isData := strings.Cut(sign, ",")
	if !strings.HasPrefix(kind, "data:") || !isData {
		if utf8.RuneCountInString(sign) > longestLetters || !shown(sign) {
			return "", nil, gk.BadInput("sign", signShape)
		}
		return sign, nil, nil
	}
	if len(encoded) > base64.StdEncoding.EncodedLen(largestUpload) {
		return "", nil, gk.BadInput("sign", "is larger than 128 KiB; make the picture smaller, 96 x 96 px are enough")
	}
	sent, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !strings.HasSuffix(kind, ";base64") {
		return "", nil, gk.BadInput("sign", signShape)
	}
	picture, err = redraw(sent)
	return "", picture, err
}

// redraw reads a picture and writes it anew as PNG: what is served from our origin holds pixels that we wrote, and
// nothing that came along with them.
func redraw(sent []byte) ([]byte, error) {
	bounds, _, err := image.DecodeConfig(bytes.NewReader(sent))
	if err != nil {
		return nil, gk.BadInput("sign", "is no PNG, JPEG or GIF that can be read")
	}
	if bounds.Width > widestSign || bounds.Height > widestSign {
		return nil, gk.BadInput("sign", "is larger than 256 x 256 px; make the picture smaller, 96 x 96 px are enough")
	}
	drawn, _, err := image.Decode(bytes.NewReader(sent))
	if err != nil {
		return nil, gk.BadInput("sign", "is no PNG, JPEG or GIF that can be read")
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, drawn); err != nil {
		return nil, errors.Join(errors.New("sign"), err)
	}
	if b.Len() > largestSign {
		return nil, gk.BadInput("sign", "takes more than 16 KiB as PNG; make the picture smaller, 96 x 96 px are enough")
	}
	return b.Bytes(), nil
}

// telephone is a number as people write it.
var telephone = regexp.MustCompile(`^\+?[0-9][0-9 ()-]{3,28}[0-9]$`)

// SupportLink is where a press on a support contact leads; empty if it is none.
func SupportLink(support string) string {
	if len(support) > longestSupport || !shown(support) {
		return ""
	}
	if telephone.MatchString(support) {
		return "tel:" + strings.Map(func(r rune) rune {
			if r == '+' || '0' <= r && r <= '9' {
				return r
			}
			return -1
		}, support)
	}
	if a, err := mail.ParseAddress(support); err == nil && a.Address == support {
		return (&url.URL{Scheme: "mailto", Opaque: url.PathEscape(support)}).String()
	}
	if u, err := url.Parse(support); err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil {
		return u.String()
	}
	return ""
}
