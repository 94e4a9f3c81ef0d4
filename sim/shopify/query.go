package shopify

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// field is one field of a query: its name, what it is called in the answer, its arguments and what is asked of it.
type field struct {
	name, alias string
	args        map[string]any
	sub         []field
}

// query is an operation, read as far as this simulator needs: named fragments are not known.
type query struct {
	mutation bool
	fields   []field
}

// parser reads a query token by token. Its errors say where, after the words Parse error.
type parser struct {
	tokens    []string
	variables map[string]any
}

// parseQuery reads the text of one operation. Variables are replaced by their values.
func parseQuery(text string, variables map[string]any) (q query, err error) {
	tokens, err := scan(text)
	if err != nil {
		return query{}, err
	}
	p := &parser{tokens: tokens, variables: variables}
	if word := p.peek(); word == "query" || word == "mutation" {
		q.mutation = p.next() == "mutation"
		for p.peek() != "{" && p.peek() != "" {
			if p.peek() == "(" {
				p.skipParentheses()
				continue
			}
			p.next()
		}
	}
	if q.fields, err = p.selection(); err == nil && p.peek() != "" {
		err = fmt.Errorf("on %q", p.peek())
	}
	return q, err
}

// scan cuts a query into names, numbers, texts and signs. Commas and comments are blanks.
func scan(text string) ([]string, error) {
	var tokens []string
	for i := 0; i < len(text); {
		c := text[i]
		start := i
		switch {
		case strings.IndexByte(" \t\r\n,", c) >= 0:
			i++
			continue
		case c == '#':
			for i < len(text) && text[i] != '\n' {
				i++
			}
			continue
		case c == '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			if i >= len(text) {
				return nil, fmt.Errorf("on bad character: a text has no end")
			}
			i++
		case isWord(c):
			for i < len(text) && isWord(text[i]) {
				i++
			}
		case strings.HasPrefix(text[i:], "..."):
			i += 3
		case strings.IndexByte("{}()[]:!$=@|&", c) >= 0:
			i++
		default:
			return nil, fmt.Errorf("on bad character %q", c)
		}
		tokens = append(tokens, text[start:i])
	}
	return tokens, nil
}

func isWord(c byte) bool {
	return c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *parser) next() string {
	token := p.peek()
	if token != "" {
		p.tokens = p.tokens[1:]
	}
	return token
}

func (p *parser) skipParentheses() {
	for depth := 0; p.peek() != ""; {
		switch p.next() {
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				return
			}
		}
	}
}

// selection reads what stands in braces. Inline fragments are read as if their fields stood there.
func (p *parser) selection() ([]field, error) {
	if token := p.next(); token != "{" {
		return nil, fmt.Errorf("on %q", token)
	}
	var fields []field
	for p.peek() != "}" {
		switch token := p.next(); {
		case token == "":
			return nil, fmt.Errorf("at the end: the query is not complete")
		case token == "...":
			for p.peek() != "{" && p.peek() != "" {
				p.next()
			}
			inline, err := p.selection()
			if err != nil {
				return nil, err
			}
			fields = append(fields, inline...)
		case !isWord(token[0]):
			return nil, fmt.Errorf("on %q", token)
		default:
			one, err := p.field(token)
			if err != nil {
				return nil, err
			}
			fields = append(fields, one)
		}
	}
	p.next()
	return fields, nil
}

func (p *parser) field(name string) (f field, err error) {
	f = field{name: name, alias: name, args: map[string]any{}}
	if p.peek() == ":" {
		p.next()
		f.name = p.next()
	}
	if p.peek() == "(" {
		for p.next(); p.peek() != ")"; {
			arg := p.next()
			if p.next() != ":" {
				return f, fmt.Errorf("on %q", arg)
			}
			if f.args[arg], err = p.value(); err != nil {
				return f, err
			}
		}
		p.next()
	}
	if p.peek() == "{" {
		f.sub, err = p.selection()
	}
	return f, err
}

func (p *parser) value() (any, error) {
	switch token := p.next(); {
	case token == "":
		return nil, fmt.Errorf("at the end: the query is not complete")
	case token == "$":
		return p.variables[p.next()], nil
	case token == "[":
		list := []any{}
		for p.peek() != "]" {
			item, err := p.value()
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		p.next()
		return list, nil
	case token == "{":
		object := map[string]any{}
		for p.peek() != "}" {
			name := p.next()
			if p.next() != ":" {
				return nil, fmt.Errorf("on %q", name)
			}
			item, err := p.value()
			if err != nil {
				return nil, err
			}
			object[name] = item
		}
		p.next()
		return object, nil
	case token[0] == '"':
		var text string
		if err := json.Unmarshal([]byte(token), &text); err != nil {
			return nil, fmt.Errorf("on %s", token)
		}
		return text, nil
	default:
		if n, err := strconv.Atoi(token); err == nil {
			return n, nil
		}
		return token, nil // true, false, null, and the names of an enumeration
	}
}

// cost is what a query takes from the points: one for each object, and for lists that of each item asked for.
func cost(fields []field) int {
	sum := 0
	for _, f := range fields {
		if f.sub == nil {
			continue
		}
		one := 1 + cost(f.sub)
		if n, ok := number(f.args["first"]); ok {
			one = 2 + n*max(1, cost(f.sub))
		}
		sum += one
	}
	return sum
}

// number reads a whole number, as a query or as JSON variables write it.
func number(value any) (int, bool) {
	switch n := value.(type) {
	case int:
		return n, true
	case json.Number:
		i, err := strconv.Atoi(n.String())
		return i, err == nil
	}
	return 0, false
}
