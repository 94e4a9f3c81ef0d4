package shopify

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

// said is what the body of an answer says against it.
type said struct {
	object  bool      // a JSON object
	oauth   bool      // code is an error of the token endpoint
	code    string    // the platform's own, if it has one
	texts   []string  // what it says in words
	graphql []problem // errors of a GraphQL answer
	wait    time.Duration
}

// problem is one error of a GraphQL answer. Its code may be missing.
type problem struct{ code, text string }

// oauthPage finds the platform's own words on the page for people that it sends instead of JSON.
var oauthPage = regexp.MustCompile(`(?i)Oauth error ([a-z_]+)(?:\s*:\s*([^<\n]*))?`)

// readBody reads the forms of an error: OAuth {"error","error_description"} or the page of the same words, a text or a map
// {"errors":…}, and the list of a GraphQL answer.
func readBody(body []byte) said {
	body = bytes.TrimSpace(body)
	if platform.IsPage(body) {
		return readPage(body)
	}
	var form struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
		Errors      json.RawMessage `json:"errors"`
		Extensions  struct {
			Cost cost `json:"cost"`
		} `json:"extensions"`
	}
	if !bytes.HasPrefix(body, []byte("{")) || json.Unmarshal(body, &form) != nil {
		return said{}
	}
	s := said{object: true}
	var word string
	switch {
	case json.Unmarshal(form.Error, &word) == nil && word != "":
		s.oauth, s.code, s.texts = true, word, answer.NonEmpty(form.Description)
	case len(form.Errors) > 0:
		if s.graphql = problems(form.Errors); len(s.graphql) == 0 {
			s.texts = answer.ErrorTexts(form.Errors)
		}
		s.wait = form.Extensions.Cost.wait()
	}
	return s
}

// readPage reads a page. One without the platform's error is somebody else's.
func readPage(body []byte) said {
	var s said
	for _, m := range oauthPage.FindAllSubmatch(body[:min(len(body), 32<<10)], -1) {
		s.oauth, s.code = true, strings.ToLower(string(m[1]))
		if text := strings.TrimSpace(string(m[2])); text != "" {
			s.texts = []string{text} // the body has words, the title the code alone
		}
	}
	return s
}

// cost is what a GraphQL answer tells of the bucket.
type cost struct {
	Requested float64 `json:"requestedQueryCost"`
	Throttle  struct {
		Available float64 `json:"currentlyAvailable"`
		Restore   float64 `json:"restoreRate"`
	} `json:"throttleStatus"`
}

// longestWait bounds what a bucket is waited for: the largest is full again within a minute.
const longestWait = 10 * time.Minute

// wait is the time until the bucket holds what the query costs.
func (c cost) wait() time.Duration {
	seconds := (c.Requested - c.Throttle.Available) / c.Throttle.Restore
	if c.Throttle.Restore <= 0 || math.IsNaN(seconds) || seconds <= 0 {
		return 0
	}
	return min(time.Duration(min(seconds, longestWait.Seconds())*float64(time.Second)), longestWait)
}

// problems reads the list of a GraphQL answer; nil if it is none.
func problems(raw json.RawMessage) []problem {
	var list []struct {
		Message    string `json:"message"`
		Extensions struct {
			Code string `json:"code"`
		} `json:"extensions"`
	}
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	all := make([]problem, 0, len(list))
	for _, e := range list {
		all = append(all, problem{e.Extensions.Code, e.Message})
	}
	return all
}
