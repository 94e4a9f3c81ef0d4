package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// delivery is a case for the snippets: what came, and whether it is genuine.
type delivery struct {
	name    string
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"` // base64
	genuine bool
}

const (
	ourSecret   = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	otherSecret = "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5"
)

// signature signs by the specification's own library.
func signature(t *testing.T, secret, id string, at time.Time, body string) string {
	t.Helper()
	w, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	text, err := w.Sign(id, at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func deliveriesToJudge(t *testing.T) (all []delivery) {
	const body = `{"id":"evt_1","text":{"zh-CN":"店铺走了 – é"}}` + "\n"
	now := time.Now()
	good := signature(t, ourSecret, "evt_1", now, body)
	other := signature(t, otherSecret, "evt_1", now, body)
	add := func(name string, genuine bool, at time.Time, signatures, body string, change ...func(map[string]string)) {
		headers := map[string]string{
			"webhook-id": "evt_1", "webhook-timestamp": strconv.FormatInt(at.Unix(), 10), "webhook-signature": signatures, "content-type": "application/json",
		}
		for _, f := range change {
			f(headers)
		}
		all = append(all, delivery{name, headers, base64.StdEncoding.EncodeToString([]byte(body)), genuine})
	}
	without := func(name string) func(map[string]string) { return func(h map[string]string) { delete(h, name) } }
	is := func(name, value string) func(map[string]string) { return func(h map[string]string) { h[name] = value } }
	add("as it was sent", true, now, good, body)
	add("in a rotation, ours is the second", true, now, other+" "+good, body)
	add("in a rotation, ours is the first", true, now, good+" "+other, body)
	add("signed with another secret", false, now, other, body)
	add("another body", false, now, good, strings.Replace(body, "evt_1", "evt_2", 1))
	add("a body that was parsed and written again", false, now, good, strings.TrimSpace(body))
	add("another id", false, now, good, body, is("webhook-id", "evt_2"))
	add("another moment", false, now.Add(time.Second), good, body)
	for name, by := range map[string]time.Duration{"ten minutes old": -10 * time.Minute, "ten minutes ahead": 10 * time.Minute} {
		at := now.Add(by)
		add(name, false, at, signature(t, ourSecret, "evt_1", at, body), body)
	}
	add("a signature of another form", false, now, "v1a,"+strings.TrimPrefix(good, "v1,"), body)
	add("a part of the signature", false, now, good[:len(good)-4], body)
	add("no signature", false, now, "", body)
	add("no header of a signature", false, now, good, body, without("webhook-signature"))
	add("no id", false, now, good, body, without("webhook-id"))
	add("no moment", false, now, good, body, without("webhook-timestamp"))
	add("a moment that is no number", false, now, good, body, is("webhook-timestamp", "soon"))
	add("a moment below zero", false, now, good, body, is("webhook-timestamp", "-1"))
	add("a moment beyond all", false, now, good, body, is("webhook-timestamp", strings.Repeat("9", 40)))
	add("a signature that is no ASCII", false, now, "v1,é", body)
	return all
}

// snippets are the languages of docs/events.md: a program that judges the lines of its input by the snippet beside it.
var snippets = []struct {
	file, fence string // of the snippet, and the word behind the fence of its block
	runner      string // the file of the program
	program     string
	command     []string
}{
	{"verify.py", "python", "run.py", `import base64, json, sys
from verify import genuine
for line in sys.stdin:
    d = json.loads(line)
    print("true" if genuine(sys.argv[1], d["headers"], base64.b64decode(d["body"])) else "false")
`, []string{"python3", "run.py", ourSecret}},
	{"verify.mjs", "js", "run.mjs", `import { createInterface } from "node:readline";
import { genuine } from "./verify.mjs";
for await (const line of createInterface({ input: process.stdin })) {
  const d = JSON.parse(line);
  console.log(genuine(process.argv[2], d.headers, Buffer.from(d.body, "base64")));
}
`, []string{"node", "run.mjs", ourSecret}},
	{"verify.php", "php", "run.php", `<?php
require 'verify.php';
while (($line = fgets(STDIN)) !== false) {
    $d = json_decode($line, true);
    echo genuine($argv[1], $d['headers'], base64_decode($d['body'])) ? "true\n" : "false\n";
}
`, []string{"php", "run.php", ourSecret}},
	// Java reads no JSON by itself: its lines are fields parted by tabs, a header being NAME=VALUE.
	{"Verify.java", "java", "Run.java", `import java.util.*;

final class Run {
    public static void main(String[] args) throws Exception {
        Scanner in = new Scanner(System.in, "UTF-8");
        while (in.hasNextLine()) {
            String[] fields = in.nextLine().split("\t");
            Map<String, String> headers = new HashMap<>();
            for (int i = 1; i < fields.length; i++) {
                String[] header = fields[i].split("=", 2);
                headers.put(header[0], header[1]);
            }
            System.out.println(Verify.genuine(args[0], headers, Base64.getDecoder().decode(fields[0])));
        }
    }
}
`, []string{"java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", ".", "Run", ourSecret}},
}

// TestSnippetsTellGenuineDeliveries runs what docs/events.md shows of other languages, where they are on this machine.
func TestSnippetsTellGenuineDeliveries(t *testing.T) {
	deliveries := deliveriesToJudge(t)
	for _, s := range snippets {
		t.Run(s.file, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			code, err := os.ReadFile(s.file)
			if err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string]string{s.file: string(code), s.runner: s.program} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			runs := [][]string{s.command}
			if s.fence == "java" {
				runs = [][]string{{"javac", "-J-XX:TieredStopAtLevel=1", "-J-Xshare:auto", "-proc:none", "-encoding", "UTF-8", s.file, s.runner}, s.command}
			}
			var out []byte
			for _, run := range runs {
				path, err := exec.LookPath(run[0])
				if err != nil {
					t.Logf("%s is not on this machine; the snippet is not run", run[0])
					return
				}
				cmd := exec.CommandContext(t.Context(), path, run[1:]...)
				cmd.Dir, cmd.Stdin = dir, input(t, s.fence, deliveries)
				var said bytes.Buffer
				cmd.Stderr = &said
				if out, err = cmd.Output(); err != nil {
					t.Fatalf("%s: %v: %s", run[0], err, &said)
				}
			}
			lines := strings.Fields(string(out))
			if len(lines) != len(deliveries) {
				t.Fatalf("%d answers to %d deliveries: %s", len(lines), len(deliveries), out)
			}
			for i, d := range deliveries {
				if lines[i] != strconv.FormatBool(d.genuine) {
					t.Errorf("%s: %s, want %v", d.name, lines[i], d.genuine)
				}
			}
		})
	}
}

// input writes the deliveries, one a line.
func input(t *testing.T, fence string, deliveries []delivery) *bytes.Buffer {
	var b bytes.Buffer
	for _, d := range deliveries {
		if fence == "java" {
			b.WriteString(d.Body)
			for name, value := range d.Headers {
				b.WriteString("\t" + name + "=" + value)
			}
			b.WriteString("\n")
			continue
		}
		line, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return &b
}

// TestSnippetsStandInTheGuide holds docs/events.md to the files that are run.
func TestSnippetsStandInTheGuide(t *testing.T) {
	guide, err := os.ReadFile("../events.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range snippets {
		code, err := os.ReadFile(s.file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(guide), "```"+s.fence+"\n"+string(code)+"```\n") {
			t.Errorf("../events.md does not show %s as it stands", s.file)
		}
	}
}
