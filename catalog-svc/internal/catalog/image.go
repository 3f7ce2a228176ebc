package catalog

import (
	"github.com/slippers-api/slippers/kit/fault"
)

// The ways a call about images can fail.
var (
	ErrImageNotFound = fault.New(fault.NotFound, "image-not-found", "The slipper has no such image.")
	ErrImageInvalid  = fault.New(fault.Invalid, "image-invalid", "The image breaks a rule.")
	ErrImageTooLarge = fault.New(fault.TooLarge, "image-too-large", "A picture is larger than 10 MiB.")
	ErrImagesFull    = fault.New(fault.Conflict, "images-full", "A slipper has at most 50 images.")
)

const (
	// MaxImages is how many images a slipper may have.
	MaxImages = 50

	// MaxUpload is how many pictures one upload may carry.
	MaxUpload = 10

	// MaxPicture is how many bytes one picture may have.
	MaxPicture = 10 << 20

	// maxOrder is the last place that can be asked for. It leaves room behind it for the images of all uploads to come.
	maxOrder = 1_000_000
)

// Image is a picture of a slipper. While there are any, exactly one is the primary one.
type Image struct {
	ID         int64  `json:"id"`
	ImagePath  string `json:"image_path"` // never names other bytes, and outlives the image: orders keep it
	IsPrimary  bool   `json:"is_primary"`
	AltText    string `json:"alt_text"` // what it shows, for those who do not see it
	OrderIndex int32  `json:"order_index"`
}

// ImageChange is what an admin may say about an image; nil leaves a field as it is.
type ImageChange struct {
	AltText    *string
	OrderIndex *int32
	IsPrimary  *bool
}

// Apply returns old with the change, or ErrImageInvalid. The primary image can only be replaced by another, so it cannot
// be told to stop.
func (c ImageChange) Apply(old Image) (Image, error) {
	var r fault.Rules
	r.Check(c.IsPrimary == nil || *c.IsPrimary || !old.IsPrimary, "/is_primary", "make another image the primary one instead")
	set(&old.AltText, typed(c.AltText))
	set(&old.OrderIndex, c.OrderIndex)
	set(&old.IsPrimary, c.IsPrimary)
	r.Check(within(old.AltText, 0, 200), "/alt_text", "must have at most 200 characters")
	r.Check(c.OrderIndex == nil || *c.OrderIndex >= 0 && *c.OrderIndex <= maxOrder, "/order_index", "must be between 0 and 1,000,000")
	return old, r.Err(ErrImageInvalid)
}
