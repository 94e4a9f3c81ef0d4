package transfer

import (
	"fmt"
	"io"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Formats and encodings of a file.
const (
	FormatNDJSON = "ndjson"
	FormatCSV    = "csv"

	EncodingUTF8    = "utf-8"
	EncodingGB18030 = "gb18030"
)

// Open reads a file of a format in an encoding; "" stands for NDJSON and UTF-8. The table is for CSV only. GBK and
// GB2312, as older programs call what they write, are parts of GB18030.
func Open(r io.Reader, format, encoding string, t Table) (Reader, error) {
	switch encoding {
	case "", EncodingUTF8, "utf8":
	case EncodingGB18030, "gbk", "gb2312":
		r = simplifiedchinese.GB18030.NewDecoder().Reader(r)
	default:
		return nil, fmt.Errorf("the encoding is neither %s nor %s", EncodingUTF8, EncodingGB18030)
	}
	switch format {
	case "", FormatNDJSON:
		return NDJSON(r), nil
	case FormatCSV:
		return CSV(r, t)
	}
	return nil, fmt.Errorf("the format is neither %s nor %s", FormatNDJSON, FormatCSV)
}
