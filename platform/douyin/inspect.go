package douyin

import (
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

// opAuth asks for the state of an authorization, opRights until when its order runs.
const (
	opAuth   = "open.getAuthInfo"
	opRights = "rights.info"
)

// pageRights is the second page of an inspection.
const pageRights = "rights"

// china is the zone of times that the platform writes as text.
var china = time.FixedZone("GMT+8", 8*60*60)

// States of an authorization.
const (
	waiting = "0" // the shop has not confirmed yet
	normal  = "1"
	ended   = "3"
)

// InspectRequest asks for the state of the authorization, then, of a tool app, for the end of the order. Whether the
// first needs a token is not documented: it is sent where there is one.
func (d driver) InspectRequest(app platform.App, cred platform.Credential, page string) (*platform.Request, error) {
	if page == pageRights {
		if cred.Token.Access.Empty() {
			return nil, &platform.BadCall{Field: "token", Why: "the end of the order is asked for with an access token"}
		}
		return d.gateway(app, "api", cred.Token.Access, opRights, "{}", "")
	}
	id := strings.TrimSuffix(cred.Subject.ID, subOf)
	if id == "" || !platform.PlainText(id) {
		return nil, &platform.BadCall{Field: "subject", Why: "an inspection needs to know whom to ask about"}
	}
	fields := object{"auth_id": id}
	if kind := cred.Facts[factKind]; kind != "" && kind != kindOfShop {
		fields["auth_subject_type"] = kind
	}
	return d.gateway(app, "api", cred.Token.Access, opAuth, fields.text(), "")
}

// ReadInspection reads the answer to either question. An order that cannot be asked for says nothing of the grant.
func (d driver) ReadInspection(app platform.App, cred platform.Credential, reply platform.Reply) (platform.Inspection, string, error) {
	asked := platform.Asked{Stage: platform.StageInspect, Subject: cred.Subject, Sent: reply.Sent}
	aboutOrder := reply.Sent.Get("method") == opRights
	if fault := d.Diagnose(app, asked, reply); fault != nil {
		switch {
		case fault.Terminal || d.spec.TokenRefused(fault):
			dead := false
			return platform.Inspection{Subject: cred.Subject, Alive: &dead, Fault: fault}, "", nil
		case aboutOrder && fault.Action != gk.Retry && fault.Action != gk.Backoff:
			return platform.Inspection{Subject: cred.Subject}, "", nil
		}
		return platform.Inspection{}, "", fault
	}
	data := answer.Object(platform.JSONObject(reply.Body)).Object("data")
	if data == nil || reply.Truncated {
		return platform.Inspection{}, "", &platform.Garbled{Why: "the answer to an inspection has no data"}
	}
	if aboutOrder {
		return readOrder(cred, data), "", nil
	}
	return d.readAuth(app, cred, data)
}

// readAuth reads {status, auth_success_time, auth_end_time}. A shop that has not confirmed is neither alive nor dead.
func (d driver) readAuth(app platform.App, cred platform.Credential, data answer.Object) (platform.Inspection, string, error) {
	in := platform.Inspection{Subject: cred.Subject, Ceiling: moment(data, "auth_end_time"), AuthorizedAt: moment(data, "auth_success_time")}
	status := platform.JSONText(data["status"])
	if status == waiting {
		return in, "", nil
	}
	alive := status == normal
	in.Alive = &alive
	if !alive {
		row := "30001:dop.authorization-closed"
		if status == ended {
			row = "30001:dop.authorization-no-existed"
		}
		in.Fault = d.spec.Catalogue.Fault(platform.Query{Stage: platform.StageCall, Codes: []string{row}}, row, 0)
		return in, "", nil
	}
	if app.Profile == selfUse || cred.Token.Access.Empty() {
		return in, "", nil // a self-use app is not bought
	}
	return in, pageRights, nil
}

// readOrder reads {expire_time}: the order is a ceiling beside the authorization's own end.
func readOrder(cred platform.Credential, data answer.Object) platform.Inspection {
	in := platform.Inspection{Subject: cred.Subject, Ceiling: moment(data, "expire_time")}
	if !in.Ceiling.IsZero() {
		in.Facts = map[string]string{"order_end": in.Ceiling.Format(time.RFC3339)}
	}
	return in
}

// moment reads a time in whatever form the platform writes it; zero where it is none: such a time is a help, no more.
func moment(data answer.Object, name string) time.Time {
	for _, form := range []answer.Form{answer.Millis, answer.Unix} {
		if at, told, err := data.Moment(name, form, time.Time{}); err == nil && told {
			return at
		}
	}
	if at, told, err := data.TextEnd(name, china, time.Time{}); err == nil && told {
		return at
	}
	return time.Time{}
}
