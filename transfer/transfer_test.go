package transfer_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/transfer"
)

const canary = "canary-token-5f0a"

// readAll reads a file to its end; what is wrong with rows is returned as texts.
func readAll(t *testing.T, r transfer.Reader) (rows []transfer.Row, wrong []string) {
	t.Helper()
	for range 1000 {
		row, err := r.Next()
		var bad *transfer.RowError
		switch {
		case errors.Is(err, io.EOF):
			return rows, wrong
		case errors.As(err, &bad):
			wrong = append(wrong, err.Error())
		case err != nil:
			return rows, append(wrong, "end: "+err.Error())
		default:
			rows = append(rows, row)
		}
	}
	t.Fatal("the reader does not come to an end")
	return nil, nil
}

func TestHostileLines(t *testing.T) {
	good := `{"app":"app_1","subject":{"kind":"shop","id":"1"},"access":"` + canary + `"}`
	for _, c := range []struct{ name, line, want string }{
		{"not JSON", canary, "not a JSON object"},
		{"a list", `["` + canary + `"]`, "not a JSON object"},
		{"cut", `{"app":"app_1","access":"` + canary, "not JSON"},
		{"twice", `{"access":"` + canary + `","access":"x"}`, "a name stands twice"},
		{"twice by case", `{"access":"` + canary + `","Access":"x"}`, "a member is none of"},
		{"unknown", `{"state":"` + canary + `"}`, "a member is none of"},
		{"unknown inside", `{"subject":{"owner":"` + canary + `"}}`, "subject: has another form"},
		{"two values", good + good, "something follows"},
		{"wrong type", `{"access":{"x":"` + canary + `"}}`, "access: has another form"},
		{"a fraction as id", `{"subject":{"id":1.5}}`, "subject: has another form"},
		{"not a time", `{"expires_at":"` + canary + `"}`, "expires_at: has another form"},
		{"not UTF-8", `{"access":"` + canary + "\xff\"}", "neither UTF-8 text nor GB18030"},
		{"GB18030", "{\"access\":\"\xb5\xea\"}", "reads as GB18030, as tables from Excel in China are; give --encoding gb18030"},
		{"too deep", `{"facts":` + strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat(`}`, 40) + `}`, ""},
		{"too long", `{"access":"` + strings.Repeat("a", transfer.LongestRow) + `"}`, "longer than 65536 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, wrong := readAll(t, transfer.NDJSON(strings.NewReader(good+"\n"+c.line+"\n\n"+good)))
			if len(rows) != 2 || rows[0].Line != 1 || rows[1].Line != 4 {
				t.Errorf("rows %v, want those of line 1 and 4", rows)
			}
			if len(wrong) != 1 || !strings.HasPrefix(wrong[0], "line 2: ") || !strings.Contains(wrong[0], c.want) {
				t.Errorf("mistakes %q, want one of line 2 with %q", wrong, c.want)
			}
			if strings.Contains(strings.Join(wrong, ""), canary) {
				t.Errorf("the mistake holds the token: %q", wrong)
			}
		})
	}
}

func TestHostileTables(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"no head", "", "no head"},
		{"unknown column", "app," + canary + "\n", "column 2 is none of app, kind"},
		{"named column", "app,备注\n", "column 2 (备注) is none of app, kind"},
		{"another encoding", "app,\xb1\xb8\xd7\xa2\n", "column 2 is no UTF-8 text, and reads as GB18030, as tables from Excel in China are; give --encoding gb18030"},
		{"UTF-16", "\xff\xfea\x00,\x00", "column 1 is UTF-16"},
		{"a platform's key", "app_key,access\n", "column 1 (app_key) is how a platform names the app; give --apps-from"},
		{"a column twice", "access,access_token\n", "another column is access already"},
		{"too few", "app,access\n" + canary + "\n", "line 2: has another number of fields"},
		{"an open quotation", "app,access\n\"" + canary + strings.Repeat("\n,a", 40000), "is a quotation mark not closed?"},
		{"a stray quotation", "app,access\na\"" + canary + "\",b\n", "line 2: a quotation mark"},
		{"another encoding", "app,name\na,\xb5\xea\n", "line 2: name is no UTF-8 text, and reads as GB18030"},
		{"not a time", "expires_at\n" + canary + "\n", "line 2: expires_at is neither"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := transfer.CSV(strings.NewReader(c.file), transfer.Table{})
			wrong := []string{}
			if err != nil {
				wrong = append(wrong, err.Error())
			} else {
				_, wrong = readAll(t, r)
			}
			if len(wrong) != 1 || !strings.Contains(wrong[0], c.want) || strings.Contains(wrong[0], canary) {
				t.Errorf("mistakes %q, want one with %q and without the value", wrong, c.want)
			}
		})
	}
}

func TestAVendorsOwnTable(t *testing.T) {
	const table = "id,店铺,store_domain,access_token,refresh_token,token_expires_at\r\n" +
		"7,\"张三的店, 一号\",zhang.myshoplaza.com,a1,r1,2026-03-01 08:00:00\r\n" +
		"8,李四,li.myshoplaza.com,a2,NULL,1772323200\r\n"
	encoded, err := simplifiedchinese.GB18030.NewEncoder().String(table)
	if err != nil {
		t.Fatal(err)
	}
	zone := time.FixedZone("", 8*3600)
	r, err := transfer.Open(strings.NewReader(encoded), "csv", "gb18030", transfer.Table{
		Map: map[string]string{"id": "-", "店铺": "name"}, Zone: zone,
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, wrong := readAll(t, r)
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	want := []transfer.Row{
		{Line: 2, Bytes: 64, Subject: gk.Subject{Host: "zhang.myshoplaza.com", Name: "张三的店, 一号"}, Access: gk.NewSecret("a1"), Refresh: gk.NewSecret("r1"), Expires: at},
		{Line: 3, Bytes: 40, Subject: gk.Subject{Host: "li.myshoplaza.com", Name: "李四"}, Access: gk.NewSecret("a2"), Expires: at},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestCellsThatASpreadsheetWouldRun(t *testing.T) {
	for _, name := range []string{
		"=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\x00x", "＝1", "＋1", "－1", "＠x", "'=1", "''@x", "'plain", "plain", "a\"b,c", " 空 ",
	} {
		var b bytes.Buffer
		w := transfer.NewTable(&b)
		if err := w.Write(transfer.Row{App: "app_1", Subject: gk.Subject{Name: name}, Access: gk.NewSecret("-" + canary)}); err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(strings.TrimSuffix(b.String(), "\r\n"), "\r\n")
		for _, sign := range []string{"=", "+", "-", "@", "\t", "\r", "\x00", "＝", "＋", "－", "＠"} {
			if strings.Contains(body, `"`+sign) {
				t.Errorf("%q: a cell of %q begins with %q", name, body, sign)
			}
		}
		r, err := transfer.CSV(&b, transfer.Table{})
		if err != nil {
			t.Fatal(err)
		}
		rows, wrong := readAll(t, r)
		if len(wrong) > 0 || len(rows) != 1 || rows[0].Subject.Name != name || rows[0].Access.Reveal() != "-"+canary {
			t.Errorf("%q came back as %+v, %v", name, rows, wrong)
		}
	}
}

func TestALineComesBackAsItWas(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC)
	want := transfer.Row{
		Line: 1, App: "app_1", Subject: gk.Subject{Kind: "shop", ID: "7", Parent: "9", Host: "a.example", Region: "sg", Name: "=店<&>"}, Owner: "acme",
		Access: gk.NewSecret("a"), Refresh: gk.NewSecret("r"), Expires: at, RefreshExpires: at.Add(1), Ceiling: at.Add(2), Issued: at.Add(3), Authorized: at.Add(4),
		Windows: map[string]time.Time{"r1": at}, Scopes: []string{"x"}, Shops: []gk.Shop{{ID: "7", Facts: map[string]string{"k": "v"}}}, Facts: map[string]string{"f": "g"},
	}
	line, err := transfer.FormatLine(want)
	if err != nil {
		t.Fatal(err)
	}
	rows, wrong := readAll(t, transfer.NDJSON(bytes.NewReader(line)))
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	want.Bytes = len(bytes.TrimSpace(line))
	if diff := cmp.Diff([]transfer.Row{want}, rows); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
}

func FuzzReaders(f *testing.F) {
	f.Add([]byte(`{"app":"a","subject":{"kind":"shop","id":1}}`))
	f.Add([]byte("app,id\n\"a\nb\",2\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		readers := []transfer.Reader{transfer.NDJSON(bytes.NewReader(file))}
		if r, err := transfer.CSV(bytes.NewReader(file), transfer.Table{}); err == nil {
			readers = append(readers, r)
		}
		for _, r := range readers {
			for n := 0; ; n++ {
				_, err := r.Next()
				var bad *transfer.RowError
				if err != nil && !errors.As(err, &bad) {
					break
				}
				if n > len(file) {
					t.Fatal("more rows than bytes")
				}
			}
		}
	})
}
