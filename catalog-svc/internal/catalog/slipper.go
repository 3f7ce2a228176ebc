package catalog

import (
	"fmt"
	"strconv"
	"time"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/money"
)

// The ways a call about slippers can fail.
var (
	ErrSlipperNotFound = fault.New(fault.NotFound, "slipper-not-found", "There is no such slipper.")
	ErrSlipperInvalid  = fault.New(fault.Invalid, "slipper-invalid", "The slipper breaks a rule.")
)

// ErrNoCategory is ErrSlipperInvalid for a category that does not exist.
var ErrNoCategory = ErrSlipperInvalid.WithBroken(fault.Broken{
	Pointer: "/category_id", Detail: "must be the id of a category, or 0 for none",
})

const (
	maxPrice    = money.Amount(1_000_000_000_000) // keeps every sum of an order within an int64
	maxQuantity = 1_000_000
)

// Slipper is one thing for sale, in one size.
type Slipper struct {
	ID           int64        `json:"id"`
	Name         string       `json:"name"`
	Size         string       `json:"size"` // "38", or "38-39"
	Price        money.Amount `json:"price"`
	Quantity     int64        `json:"quantity"` // what is left to sell
	CategoryID   *int64       `json:"category_id"`
	CategoryName *string      `json:"category_name"`
	Image        *string      `json:"image"` // the path of the primary image
	IsAvailable  bool         `json:"is_available"`

	// Images are there when they were asked for, the primary one first.
	Images []Image `json:"-"`

	// Fiscal is what its receipts say; nil is nothing.
	Fiscal *Fiscal `json:"-"`

	CreatedAt       time.Time `json:"-"`
	UpdatedAt       time.Time `json:"-"`
	Version         int64     `json:"-"`
	CategoryVersion int64     `json:"-"` // 0 without a category
}

// Revision changes whenever anything that a client sees of s does, the name of its category included.
func (s Slipper) Revision() string { return fmt.Sprintf("%d-%d", s.Version, s.CategoryVersion) }

// Validate returns ErrSlipperInvalid with every broken rule at once.
func (s Slipper) Validate() error {
	var r fault.Rules
	r.Check(within(s.Name, 1, 200), "/name", "must have 1 to 200 characters")
	r.Check(within(s.Size, 1, 20), "/size", "must have 1 to 20 characters")
	r.Check(s.Price > 0 && s.Price <= maxPrice, "/price", "must be above 0 and at most "+maxPrice.String())
	r.Check(s.Quantity >= 0 && s.Quantity <= maxQuantity, "/quantity", "must be from 0 to "+strconv.Itoa(maxQuantity))
	r.Check(s.CategoryID == nil || *s.CategoryID > 0, "/category_id", "must be the id of a category, or 0 for none")
	if s.Fiscal != nil {
		s.Fiscal.check(&r)
	}
	return r.Err(ErrSlipperInvalid)
}

// SlipperChange is what an admin may say about a slipper; nil leaves a field as it is.
type SlipperChange struct {
	Name       *string
	Size       *string
	Price      *money.Amount
	Quantity   *int64
	CategoryID *int64  // 0 takes it out of its category
	Fiscal     *Fiscal // replaces all of it; the zero Fiscal takes it off
}

// NewSlipper returns the slipper that a change of nothing makes, or ErrSlipperInvalid.
func NewSlipper(c SlipperChange) (Slipper, error) { return c.Apply(Slipper{}) }

// Apply returns s with the change, or ErrSlipperInvalid.
func (c SlipperChange) Apply(s Slipper) (Slipper, error) {
	set(&s.Name, typed(c.Name))
	set(&s.Size, typed(c.Size))
	set(&s.Price, c.Price)
	set(&s.Quantity, c.Quantity)
	if c.CategoryID != nil {
		s.CategoryID = c.CategoryID
		if *c.CategoryID == 0 {
			s.CategoryID = nil
		}
	}
	if c.Fiscal != nil {
		s.Fiscal = c.Fiscal.asked()
	}
	return s, s.Validate()
}

// Filter says which slippers a list has. A zero field does not restrict.
type Filter struct {
	CategoryID *int64 // 0 means without a category
	Search     string // a part of the name, literally
	Size       string
	MinPrice   *money.Amount
	MaxPrice   *money.Amount
	InStock    *bool

	// Images asks for the images with each slipper.
	Images bool
}

// Sorts are the orders of a list of slippers, the default first. The id decides between equals, in the same direction.
var Sorts = []string{
	"id_desc", "id_asc", "name_asc", "name_desc", "price_asc", "price_desc", "created_asc", "created_desc",
}

// SortKey returns what s is sorted by, in the form that a cursor carries; "" where only the id sorts.
func (s Slipper) SortKey(sort string) string {
	switch sort {
	case "name_asc", "name_desc":
		return s.Name
	case "price_asc", "price_desc":
		return strconv.FormatInt(int64(s.Price), 10)
	case "created_asc", "created_desc":
		return s.CreatedAt.UTC().Format(time.RFC3339Nano)
	}
	return ""
}
