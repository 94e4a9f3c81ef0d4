package platform

import gk "github.com/grantkeep/grantkeep"

// SubjectMismatch is the code of the fault of an answer for another subject than asked. Such an answer is never issued:
// stored, it would give one merchant's grant to another.
const SubjectMismatch = "subject_mismatch"

// Mismatch returns the fault of an answer for another subject than asked. A driver whose catalogue has a row for it
// names that row.
func (c *Catalogue) Mismatch(stage string) *gk.Fault {
	return &gk.Fault{Platform: c.Platform, Stage: stage, Code: SubjectMismatch, Action: gk.FixRequest}
}

// AppMismatch returns the fault of an answer for another app than ours: it is as little issued as one for another subject.
func (c *Catalogue) AppMismatch(stage string) *gk.Fault {
	return &gk.Fault{Platform: c.Platform, Stage: stage, Code: SubjectMismatch, Row: RowAppMismatch, Known: true, Action: gk.FixRequest}
}
