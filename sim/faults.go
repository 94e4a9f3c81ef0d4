package sim

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Faults on demand that are no row of a catalogue.
const (
	CutBefore = "cut-before" // the connection breaks before the platform acts
	CutAfter  = "cut-after"  // the platform acts, the answer is lost
	Slow      = "slow"       // the platform acts, the answer comes late
	Garbage   = "garbage"    // the answer is no answer
	statusFor = "status-"    // status-503: a bare HTTP status from something in front of the platform
)

// Fault is something that is to go wrong.
type Fault struct {
	Name  string `json:"fault"`
	Times int    `json:"times"` // how often; left out: once; negative: until all are cleared
	Match Match  `json:"match"`

	status int
	rows   []Row
}

// Match limits a fault to some requests.
type Match struct {
	Path    string `json:"path,omitempty"`    // the request's path, or the beginning of it
	Subject string `json:"subject,omitempty"` // the subject's id
	Stage   string `json:"stage,omitempty"`
}

// Faults are what is to go wrong, in the order asked for.
type Faults struct {
	rows      []Row
	armed     []*Fault
	addresses []Address
}

// Arm makes the next requests that match fail. The name is a catalogue row's code, or code, blank, message, or one of the
// faults that are no row.
func (f *Faults) Arm(fault Fault) error {
	if fault.Times == 0 {
		fault.Times = 1
	}
	switch {
	case fault.Name == "":
		return fmt.Errorf("fault: want a row's code, or code, blank, message, or cut-before, cut-after, slow, garbage, status-503")
	case isPlain(fault.Name):
	case strings.HasPrefix(fault.Name, statusFor):
		status, err := strconv.Atoi(strings.TrimPrefix(fault.Name, statusFor))
		if err != nil || status < 300 || status > 599 {
			return fmt.Errorf("fault %q: want status-300 to status-599", fault.Name)
		}
		fault.status = status
	default:
		rows, err := f.find(fault.Name)
		if err != nil {
			return err
		}
		fault.rows = rows
	}
	if err := f.reachable(&fault); err != nil {
		return err
	}
	f.armed = append(f.armed, &fault)
	return nil
}

func isPlain(name string) bool {
	return name == CutBefore || name == CutAfter || name == Slow || name == Garbage
}

// codes lists the codes of the platform's own errors.
func (f *Faults) codes() []string {
	var list []string
	for _, row := range f.rows {
		if !row.Local() && !slices.Contains(list, row.Code) {
			list = append(list, row.Code)
		}
	}
	slices.Sort(list)
	return list
}

// Clear takes back every fault.
func (f *Faults) Clear() { f.armed = nil }

// Armed returns what is still to go wrong.
func (f *Faults) Armed() []Fault {
	armed := make([]Fault, len(f.armed))
	for i, fault := range f.armed {
		armed[i] = *fault
	}
	return armed
}

// find returns the rows that a name stands for: those of a code, else those whose code and message it spells. A code
// and message that no row has are a fault all the same: a platform may say what nobody has seen yet.
func (f *Faults) find(name string) ([]Row, error) {
	var rows []Row
	for _, row := range f.rows {
		if row.Code == name && name != "" {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		rows = f.spelled(name)
	}
	if len(rows) == 0 {
		rows = f.spelled(" " + name) // a row without a code is named by its message alone
	}
	if len(rows) > 0 && rows[0].Local() {
		return nil, fmt.Errorf("fault %q: no platform says this, it is a situation that a client recognises; the platform says %s", name, f.sayable())
	}
	if len(rows) > 0 {
		return rows, nil
	}
	code, message, ok := strings.Cut(name, " ")
	if !ok {
		return nil, fmt.Errorf("fault %q: the catalogue has no such code; code, blank, message makes up one; it has %s", name, f.sayable())
	}
	return []Row{{Code: code, Example: message}}, nil
}

// sayable lists the codes that the platform itself says, and the messages of the rows that have none.
func (f *Faults) sayable() string {
	var names []string
	for _, row := range f.rows {
		name := cmp.Or(row.Code, strconv.Quote(row.Example))
		if !row.Local() && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// spelled returns the rows with the longest code of which name is code, blank, message: those with that message as their
// example, or else those whose pattern matches it. A code may itself hold blanks, or be empty.
func (f *Faults) spelled(name string) []Row {
	code := -1
	for _, row := range f.rows {
		if strings.HasPrefix(name, row.Code+" ") && match(row, name) != differs {
			code = max(code, len(row.Code))
		}
	}
	best := [2][]Row{}
	for _, row := range f.rows {
		if len(row.Code) != code || !strings.HasPrefix(name, row.Code+" ") {
			continue
		}
		if how := match(row, name); how != differs {
			row.Example = name[code+1:]
			best[how] = append(best[how], row)
		}
	}
	if len(best[isExample]) > 0 {
		return best[isExample]
	}
	return best[matches]
}

// How a message fits a row.
const (
	isExample = iota
	matches
	differs
)

func match(row Row, name string) int {
	message := name[len(row.Code)+1:]
	if message == row.Example {
		return isExample
	}
	if re, err := regexp.Compile(row.Pattern); err == nil && re.MatchString(message) {
		return matches
	}
	return differs
}

// take returns the fault that a request meets, nil if none, and the row to say.
func (f *Faults) take(path string, id Identity) (*Fault, Row) {
	for i, fault := range f.armed {
		row, ok := fault.fits(path, id, f.callsOfTheAPI(path))
		if !ok {
			continue
		}
		if fault.Times > 0 {
			fault.Times--
		}
		if fault.Times == 0 {
			f.armed = append(f.armed[:i:i], f.armed[i+1:]...)
		}
		return fault, row
	}
	return nil, Row{}
}

func (f *Fault) fits(path string, id Identity, api bool) (Row, bool) {
	m := f.Match
	if m.Path != "" && !strings.HasPrefix(path, m.Path) || m.Subject != "" && m.Subject != id.Subject || m.Stage != "" && stageOf(m.Stage) != id.Stage {
		return Row{}, false
	}
	if id.Stage == "" && m.Path == "" {
		return Row{}, false // a page that belongs to no step fails only when it is named
	}
	if f.rows == nil {
		return Row{}, true
	}
	for _, byTheWay := range []bool{false, true} {
		for _, row := range f.rows {
			if row.saidAt(id.Stage, api, byTheWay) && row.sent(id.Sent) {
				return row, true
			}
		}
	}
	return Row{}, false
}

// stageOf is the stage at which a platform meets a request: it does not know which of the calls only look at a grant.
func stageOf(stage string) string {
	if stage == "inspect" {
		return "call"
	}
	return stage
}

// sent reports whether what the request carried is what the row is about.
func (r Row) sent(sent map[string]bool) bool {
	if name, ok := strings.CutPrefix(r.When, "!sent:"); ok {
		return !sent[name]
	}
	if name, ok := strings.CutPrefix(r.When, "sent:"); ok {
		return sent[name]
	}
	return true
}
