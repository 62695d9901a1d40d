package schema

import "time"

// Request asks a host to run one of the commands that it offers, the payload
// of [KindCommands]. It is read strictly: see docs/commands.md.
type Request struct {
	// Command is the trigger of a command that the host offers, or [List].
	Command string `json:"command"`
	// Params are the parameters' values in the order of the offer. A whole
	// number may stand without quotes.
	Params []string `json:"params,omitempty"`
	// RequestID names the request: 1 to 64 letters, digits and . _ : -. The host
	// runs one id at most once. It must be there in a signed request.
	RequestID string `json:"request_id,omitempty"`
	// ExpiresAt is the time from which on the host refuses the request, at
	// most five minutes ahead. It must be there in a signed request.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	// Source says who asks, for the audit log; nobody vouches for it.
	Source string `json:"source,omitempty"`
	// Host is whom the request is for. It must be there in a signed request,
	// so that it can't be played to another host.
	Host string `json:"host,omitempty"`
	// IssuedAt is when the request was made. It must be there in a signed one.
	IssuedAt *time.Time `json:"issued_at,omitempty"`
}

// List is the command that every host has: it answers with the offer.
const List = "list"

// SignatureNamespace is what a signature of a request is for, so that one made
// for something else, such as a commit, is none (PROTOCOL.sshsig of OpenSSH).
const SignatureNamespace = "systant-command@v1"

// Signed is a request with a signature, the other payload of [KindCommands].
type Signed struct {
	// Signed is a Request as JSON. The signature is of exactly these bytes.
	Signed string `json:"signed"`
	// Sig is what ssh-keygen -Y sign prints for them.
	Sig string `json:"sig"`
}

// Status says how a request fares.
type Status string

// The statuses of a response.
const (
	StatusRunning   Status = "running"   // it runs; another response follows
	StatusOK        Status = "ok"        // it ran and its exit status is 0
	StatusFailed    Status = "failed"    // it could not be started, or ended otherwise
	StatusTimeout   Status = "timeout"   // it ran too long and was killed
	StatusRefused   Status = "refused"   // it never ran, and would not the next time
	StatusBusy      Status = "busy"      // it never ran; later it may
	StatusDuplicate Status = "duplicate" // it ran before, or runs; not again
	StatusExpired   Status = "expired"   // it never ran, as its time is over
)

// Response answers a request, the payload of [KindResponses].
type Response struct {
	// RequestID is the request's, or a random one for a request without.
	RequestID string `json:"request_id"`
	// Command is the request's, empty where it could not be read.
	Command string `json:"command"`
	Status  Status `json:"status"`
	// ExitCode is absent for what did not run or was killed by a signal.
	ExitCode *int `json:"exit_code,omitempty"`
	// Output is what the command wrote, standard error included, as text
	// without control characters.
	Output string `json:"output,omitempty"`
	// Error says what is wrong, naming the parameter where one is.
	Error string `json:"error,omitempty"`
	// Truncated says that the output was longer.
	Truncated bool `json:"truncated,omitempty"`
	// StartedAt is when the command was started, by the host's clock.
	StartedAt *time.Time `json:"started_at,omitempty"`
	// DurationSeconds is how long it ran, or has run so far.
	DurationSeconds *float64 `json:"duration_seconds,omitempty"`
	// Commands is the answer to [List].
	Commands []Command `json:"commands,omitempty"`
}

// Offer is what a host can be asked to do, the payload of [KindAvailable].
type Offer struct {
	// Enabled tells whether the host listens to requests at all.
	Enabled bool `json:"enabled"`
	// Commands are in the order of the host's configuration.
	Commands []Command `json:"commands"`
}

// Command is one command of an offer.
type Command struct {
	Trigger     string  `json:"trigger"`
	Description string  `json:"description,omitempty"`
	Params      []Param `json:"params,omitempty"`
	// TimeoutSeconds is after what time the command is killed.
	TimeoutSeconds float64 `json:"timeout_seconds"`
	// CooldownSeconds is the least time between two runs.
	CooldownSeconds float64 `json:"cooldown_seconds,omitempty"`
	// Confirm asks user interfaces to ask before they send it.
	Confirm bool `json:"confirm,omitempty"`
	// RequireSignature says that an unsigned request is refused.
	RequireSignature bool `json:"require_signature,omitempty"`
	// Problem says why the host can't run the command at present, such as a
	// program that is not installed.
	Problem string `json:"problem,omitempty"`
}

// ParamType is what kind of values a parameter takes.
type ParamType string

// The types of parameters.
const (
	ParamEnum  ParamType = "enum"  // one of Values
	ParamInt   ParamType = "int"   // a whole number from Min to Max
	ParamMatch ParamType = "match" // text that Pattern matches as a whole
)

// Param is one parameter of a command.
type Param struct {
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Type        ParamType `json:"type"`
	Values      []string  `json:"values,omitempty"`
	Min         *int64    `json:"min,omitempty"`
	Max         *int64    `json:"max,omitempty"`
	// Pattern is a regular expression in RE2 syntax.
	Pattern string `json:"pattern,omitempty"`
	// Default is the value of a parameter that a request leaves out; only the
	// last ones can be. Absent means that it must be there.
	Default *string `json:"default,omitempty"`
	// Secret asks user interfaces to hide the value; the audit log does.
	Secret bool `json:"secret,omitempty"`
}
