package catalog

import (
	"strconv"
	"time"

	"github.com/slippers-api/slippers/kit/fault"
)

// The ways a call about categories can fail.
var (
	ErrCategoryNotFound = fault.New(fault.NotFound, "category-not-found", "There is no such category.")
	ErrCategoryInvalid  = fault.New(fault.Invalid, "category-invalid", "The category breaks a rule.")
	ErrCategoryTaken    = fault.New(fault.Conflict, "category-name-taken", "Another category already has this name.")
)

// Category is a shelf of the shop. An inactive one is left out of the list that customers see.
type Category struct {
	ID          int64     `json:"id"`
	Name        string    `json:"name"` // unique, whatever the case of its letters
	Description string    `json:"description"`
	IsActive    bool      `json:"is_active"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	Version     int64     `json:"-"`
}

// Revision changes whenever c does.
func (c Category) Revision() string { return strconv.FormatInt(c.Version, 10) }

// Validate returns ErrCategoryInvalid with every broken rule at once.
func (c Category) Validate() error {
	var r fault.Rules
	r.Check(within(c.Name, 1, 100), "/name", "must have 1 to 100 characters")
	r.Check(within(c.Description, 0, 1000), "/description", "must have at most 1000 characters")
	return r.Err(ErrCategoryInvalid)
}

// CategoryChange is what an admin may say about a category; nil leaves a field as it is.
type CategoryChange struct {
	Name        *string
	Description *string
	IsActive    *bool
}

// NewCategory returns the category that a change of nothing makes, or ErrCategoryInvalid. It is active unless told not to.
func NewCategory(c CategoryChange) (Category, error) { return c.Apply(Category{IsActive: true}) }

// Apply returns old with the change, or ErrCategoryInvalid.
func (c CategoryChange) Apply(old Category) (Category, error) {
	set(&old.Name, typed(c.Name))
	set(&old.Description, typed(c.Description))
	set(&old.IsActive, c.IsActive)
	return old, old.Validate()
}
