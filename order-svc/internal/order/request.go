package order

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/money"
)

const (
	// MaxLines is the most slippers that a cart or an order may have.
	MaxLines = 100

	// MaxQuantity is the most pieces of one slipper in a cart or an order.
	MaxQuantity = 500

	maxLineNotes = 200
)

// Line asks for a number of pieces of one slipper.
type Line struct {
	SlipperID int64  `json:"slipper_id"`
	Quantity  int64  `json:"quantity"`
	Notes     string `json:"notes"`
}

// Request is an order that somebody asks for.
type Request struct {
	Buyer Actor
	Lines []Line // by slipper, each one once; nil asks for what is in the cart
	Notes string

	// ExpectedTotal is what the buyer was shown; nil takes any price.
	ExpectedTotal *money.Amount

	// ClearCart takes out of the cart what was ordered of it.
	ClearCart bool

	// Key makes repeating the request harmless; nil repeats the order.
	Key *Key
}

// Key is an Idempotency-Key with a digest of the request that carries it.
type Key struct {
	Value       string
	Fingerprint []byte
}

// NewRequest returns a sound request. lines is nil for an order from the cart. Equal slippers become one line with both
// notes. It returns ErrInvalid with every broken rule.
func NewRequest(buyer Actor, lines []Line, notes *string, expected *money.Amount) (Request, error) {
	var r fault.Rules
	req := Request{Buyer: buyer, Notes: typed(notes), ExpectedTotal: expected}
	r.Check(atMost(req.Notes, maxNotes), "/notes", "must have at most "+strconv.Itoa(maxNotes)+" characters")
	r.Check(expected == nil || *expected >= 0, "/expected_total", "must not be negative")
	if lines != nil {
		req.Lines = merged(&r, lines)
	}
	return req, r.Err(ErrInvalid)
}

// merged sums the lines of equal slippers, in the order of the ids.
func merged(r *fault.Rules, lines []Line) []Line {
	r.Check(len(lines) >= 1 && len(lines) <= MaxLines, "/items", "must have 1 to "+strconv.Itoa(MaxLines)+" items")
	all, place := []Line{}, map[int64]int{}
	for i, l := range lines[:min(len(lines), MaxLines)] {
		at := "/items/" + strconv.Itoa(i)
		l.Notes = typed(&l.Notes)
		r.Check(l.SlipperID > 0, at+"/slipper_id", "must be an id")
		sound := l.Quantity >= 1 && l.Quantity <= MaxQuantity
		r.Check(sound, at+"/quantity", "must be from 1 to "+strconv.Itoa(MaxQuantity))
		r.Check(atMost(l.Notes, maxLineNotes), at+"/notes", "must have at most "+strconv.Itoa(maxLineNotes)+" characters")
		p, again := place[l.SlipperID]
		if !again {
			place[l.SlipperID] = len(all)
			all = append(all, l)
			continue
		}
		same := &all[p]
		if same.Quantity += l.Quantity; sound && same.Quantity-l.Quantity <= MaxQuantity {
			r.Check(same.Quantity <= MaxQuantity, at+"/quantity", "makes more than "+strconv.Itoa(MaxQuantity)+" of one slipper")
		}
		if same.Notes != "" && l.Notes != "" {
			same.Notes += "; "
		}
		same.Notes += l.Notes
		r.Check(atMost(same.Notes, maxNotes), at+"/notes", "makes the notes on one slipper too long")
	}
	slices.SortFunc(all, func(a, b Line) int { return cmp.Compare(a.SlipperID, b.SlipperID) })
	return all
}
