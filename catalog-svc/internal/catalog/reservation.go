package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/money"
)

// The ways a call about reservations can fail.
var (
	ErrOutOfStock          = fault.New(fault.Conflict, "out-of-stock", "Fewer pieces are left than you asked for.")
	ErrReservationNotFound = fault.New(fault.NotFound, "reservation-not-found", "There is no such reservation.")
	ErrReservationInvalid  = fault.New(fault.Invalid, "reservation-invalid", "The reservation breaks a rule.")
	ErrReservationDiffers  = fault.New(fault.Conflict, "reservation-differs", "This reservation was made for other lines.")
	ErrReservationReleased = fault.New(fault.Conflict, "reservation-released", "This reservation was released.")
	ErrReservationSold     = fault.New(fault.Conflict, "reservation-sold", "This reservation was sold.")
)

// The states of a reservation: held, and then one of the others for ever.
const (
	Held     = "held"
	Sold     = "sold"
	Released = "released"
)

const (
	maxLines = 500
	maxHold  = 24 * time.Hour
)

// Reservation is stock that was taken for an order, with what the order keeps of each slipper.
type Reservation struct {
	ID        uuid.UUID      `json:"id"`
	State     string         `json:"state"`
	ExpiresAt time.Time      `json:"expires_at"`
	Lines     []ReservedLine `json:"lines"` // by slipper, each one once
}

// ReservedLine is a number of pieces of one slipper as it was when they were taken.
type ReservedLine struct {
	SlipperID int64        `json:"slipper_id"`
	Quantity  int64        `json:"quantity"`
	Price     money.Amount `json:"price"`
	Name      string       `json:"name"`
	Size      string       `json:"size"`
	Image     *string      `json:"image"`
	Fiscal    *Fiscal      `json:"fiscal"`
}

// Line asks for a number of pieces of one slipper.
type Line struct {
	SlipperID int64
	Quantity  int64
}

// Unavailable says that fewer pieces of a slipper are there than were asked for.
type Unavailable struct {
	SlipperID int64 `json:"slipper_id"`
	Requested int64 `json:"requested"`
	Available int64 `json:"available"`
}

// Wanted is a reservation that somebody asks for.
type Wanted struct {
	ID        uuid.UUID
	ExpiresAt time.Time
	Lines     []Line // by slipper, each one once
}

// NewWanted sums the lines of equal slippers and puts them in the order of the ids, in which all stock is locked. It
// returns ErrReservationInvalid with every broken rule.
func NewWanted(id uuid.UUID, expires time.Time, lines []Line, now time.Time) (Wanted, error) {
	var r fault.Rules
	r.Check(!expires.After(now.Add(maxHold)), "/expires_at", "must be at most 24 hours ahead")
	r.Check(len(lines) >= 1 && len(lines) <= maxLines, "/lines", "must have 1 to "+strconv.Itoa(maxLines)+" items")
	sums := map[int64]int64{}
	for i, l := range lines {
		at := "/lines/" + strconv.Itoa(i)
		r.Check(l.SlipperID > 0, at+"/slipper_id", "must be an id")
		sound := l.Quantity >= 1 && l.Quantity <= maxQuantity
		r.Check(sound, at+"/quantity", "must be from 1 to "+strconv.Itoa(maxQuantity))
		if sound {
			sums[l.SlipperID] += l.Quantity
		}
	}
	w := Wanted{ID: id, ExpiresAt: expires}
	for _, slipper := range slices.Sorted(maps.Keys(sums)) {
		w.Lines = append(w.Lines, Line{slipper, sums[slipper]})
	}
	return w, r.Err(ErrReservationInvalid)
}

// Answer returns the reservation that was made earlier under the same id as w, or why w cannot have it:
// ErrReservationReleased or ErrReservationDiffers.
func (w Wanted) Answer(made Reservation) (Reservation, error) {
	same := slices.EqualFunc(w.Lines, made.Lines, func(l Line, m ReservedLine) bool {
		return cmp.Or(cmp.Compare(l.SlipperID, m.SlipperID), cmp.Compare(l.Quantity, m.Quantity)) == 0
	})
	switch {
	case made.State == Released:
		return Reservation{}, ErrReservationReleased
	case !same:
		return Reservation{}, ErrReservationDiffers
	}
	return made, nil
}
