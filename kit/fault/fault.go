// Package fault is the vocabulary of failure: what may go wrong that a client may read about.
//
// A fault is declared once, beside the type it is about. It knows nothing of HTTP; kit/httpserver turns its Kind into a
// status. Do not declare a fault for what only we can mend: a plain error says that, and clients read nothing of it.
package fault

import (
	"errors"
	"maps"
	"slices"
	"time"
)

// Kind says what a failure means to the one who asked.
type Kind int

// The kinds of failure.
const (
	Internal        Kind = iota // nothing the client can do; only the log knows
	Malformed                   // not readable as what it claims to be
	Invalid                     // readable, and breaks a rule
	Unauthenticated             // say who you are
	Forbidden                   // the answer is no
	NotFound                    // no such thing, or not yours
	Conflict                    // was true, is not any more: read again
	Stale                       // a precondition that the client set does not hold
	TooLarge                    // more bytes than this may have
	Unsupported                 // a media type that is not read here
	Throttled                   // slow down
	Unavailable                 // the same request, later
	Garbled                     // what stands behind us answered nonsense
	Overdue                     // what stands behind us did not answer in time
)

// Fault is one way to fail. The declared variable carries Kind, Code and Title; copies made by its methods say more, and
// still match the variable by errors.Is.
type Fault struct {
	Kind Kind

	// Code is stable and never reused: docs/errors.md has a section by this name.
	Code string

	// Title is one sentence that never varies.
	Title string

	// Detail is about this occurrence.
	Detail string

	// Broken lists every broken rule, for Malformed and Invalid.
	Broken []Broken

	// Members are further members of the answer, such as what is left of a slipper.
	Members map[string]any

	// RetryAfter is how long a client should wait before it asks again; zero says nothing.
	RetryAfter time.Duration

	cause error
}

// Broken is one rule that a request breaks. One of Pointer and Parameter is set.
type Broken struct {
	// Pointer is a JSON pointer into the body, such as /items/0/quantity.
	Pointer string `json:"pointer,omitempty"`

	// Parameter is the name of a query parameter.
	Parameter string `json:"parameter,omitempty"`

	// Detail says the rule.
	Detail string `json:"detail"`
}

// New declares a fault.
func New(kind Kind, code, title string) *Fault {
	return &Fault{Kind: kind, Code: code, Title: title}
}

// Of returns the fault in err's chain, or nil.
func Of(err error) *Fault {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return nil
}

// Error is what our log says.
func (f *Fault) Error() string {
	s := f.Code
	if f.Detail != "" {
		s += ": " + f.Detail
	}
	if f.cause != nil {
		s += ": " + f.cause.Error()
	}
	return s
}

// Unwrap returns the cause, which clients never see.
func (f *Fault) Unwrap() error { return f.cause }

// Is makes every copy of a fault match the variable that it was copied from.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Code == f.Code
}

// Because returns a copy of f that keeps cause for our log.
func (f Fault) Because(cause error) *Fault {
	f.cause = cause
	return &f
}

// WithDetail returns a copy of f that says more about this occurrence.
func (f Fault) WithDetail(detail string) *Fault {
	f.Detail = detail
	return &f
}

// WithBroken returns a copy of f that names the broken rules.
func (f Fault) WithBroken(broken ...Broken) *Fault {
	f.Broken = append(slices.Clone(f.Broken), broken...)
	return &f
}

// With returns a copy of f whose answer has one more member.
func (f Fault) With(member string, value any) *Fault {
	members := maps.Clone(f.Members)
	if members == nil {
		members = map[string]any{}
	}
	members[member] = value
	f.Members = members
	return &f
}

// After returns a copy of f that tells the client when to come back.
func (f Fault) After(wait time.Duration) *Fault {
	f.RetryAfter = wait
	return &f
}

// Rules collects broken rules, so that a form can show them all at once. The zero value is ready.
type Rules struct {
	broken []Broken
}

// Check adds the rule at pointer unless it holds.
func (r *Rules) Check(holds bool, pointer, detail string) {
	if !holds {
		r.broken = append(r.broken, Broken{Pointer: pointer, Detail: detail})
	}
}

// Err returns a copy of f with what was broken, or nil when nothing was.
func (r *Rules) Err(f *Fault) error {
	if len(r.broken) == 0 {
		return nil
	}
	return f.WithBroken(r.broken...)
}
