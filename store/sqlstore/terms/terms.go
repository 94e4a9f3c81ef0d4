// Package terms makes the terms by which a grant is found, from its ids, hosts, owner and names.
package terms

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode"

	gk "github.com/grantkeep/grantkeep"
)

// A grant is found by terms that are stored with it: the beginnings of its ids, hosts and owner, and every run of
// characters of its names; and by its tags, as they are. Its folded text holds all of them: ids and the like first, each after
// mark 1, then tags, each after mark 3, then names, each after mark 2.
const (
	MarkWhole = "\x01"
	MarkName  = "\x02"
	MarkTag   = "\x03"
)

// Terms are cut: what is longer is compared with the folded text.
const (
	wholeCut = 64 // characters
	nameCut  = 8
)

// Fold makes texts equal that differ in case alone, and drops control characters.
func Fold(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// Text returns the folded text of a grant.
func Text(g *gk.Grant) string {
	wholes, names := map[string]bool{}, map[string]bool{}
	add := func(to map[string]bool, texts ...string) {
		for _, text := range texts {
			if text = Fold(text); text != "" {
				to[text] = true
			}
		}
	}
	add(wholes, g.ID, g.Subject.ID, g.Subject.Host, g.Owner)
	add(names, g.Subject.Name)
	for i := range g.Shops {
		add(wholes, g.Shops[i].ID, g.Shops[i].Host)
		add(names, g.Shops[i].Name)
	}
	var b strings.Builder
	for _, text := range slices.Sorted(maps.Keys(wholes)) {
		b.WriteString(MarkWhole + text)
	}
	for _, name := range slices.Sorted(maps.Keys(g.Tags)) {
		b.WriteString(MarkTag + name + ":" + g.Tags[name])
	}
	for _, text := range slices.Sorted(maps.Keys(names)) {
		b.WriteString(MarkName + text)
	}
	return b.String()
}

// Of returns the terms of a folded text.
func Of(folded string) map[string]bool {
	terms := map[string]bool{}
	for term := range In(folded) {
		terms[term] = true
	}
	return terms
}

// In goes through the terms of a folded text, some of them more than once where it repeats itself.
func In(folded string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for folded != "" {
			mark, rest := folded[:1], folded[1:]
			end := strings.IndexAny(rest, MarkWhole+MarkName+MarkTag)
			if end < 0 {
				end = len(rest)
			}
			text := rest[:end]
			folded = rest[end:]
			switch mark {
			case MarkWhole:
				if !yield(Whole(text)) {
					return
				}
			case MarkTag:
				if !yield("#" + text) {
					return
				}
			default:
				for from := range text {
					if !yield(Name(text[from:])) {
						return
					}
				}
			}
		}
	}
}

// Whole and Name return the term of a folded text. A term is printable, to be readable in the table.
func Whole(text string) string { return "=" + cut(text, wholeCut) }

func Name(text string) string { return "~" + cut(text, nameCut) }

// Tag returns the term of a tag. It is whole and unfolded, so that a tag is found by itself and by nothing else.
func Tag(name, value string) string { return "#" + name + ":" + value }

// InName returns terms of a folded text each of which every grant has with this text in a name. A text that is longer than a
// term has several: its beginning may be that of thousands of names, and its end that of one.
func InName(text string) []string {
	found := []string{Name(text)}
	characters := []rune(text)
	for _, from := range []int{len(characters) - nameCut, (len(characters) - nameCut) / 2} {
		if term := Name(string(characters[max(from, 0):])); !slices.Contains(found, term) {
			found = append(found, term)
		}
	}
	return found
}

// cut returns the first n characters of a text.
func cut(text string, n int) string {
	for at := range text {
		if n == 0 {
			return text[:at]
		}
		n--
	}
	return text
}
