package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime/multipart"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/revision"
)

// Images is what these handlers need of a store.
type Images interface {
	List(ctx context.Context, slipperID int64) ([]catalog.Image, error)
	Update(ctx context.Context, slipperID, id int64, change catalog.ImageChange, from revision.Expected) (catalog.Image, error)
	Delete(ctx context.Context, slipperID, id int64) error
}

// The ways an upload can be unreadable.
var (
	errMultipart     = fault.New(fault.Unsupported, "multipart-required", "Send multipart/form-data.")
	errUploadBroken  = fault.New(fault.Malformed, "upload-unreadable", "The upload is not readable as multipart/form-data.")
	errUploadInvalid = fault.New(fault.Invalid, "upload-invalid", "Send 1 to 10 files, each in a field named images.")
)

const (
	// maxUploadBody leaves some room for what multipart puts around the files.
	maxUploadBody = catalog.MaxUpload*catalog.MaxPicture + 1<<20

	// patience is for moving and decoding pictures, which takes longer than other requests may. The gateway waits as long.
	patience = time.Minute
)

// imageBody is what an admin may say about an image.
type imageBody struct {
	AltText    *string `json:"alt_text"`
	OrderIndex *int32  `json:"order_index"`
	IsPrimary  *bool   `json:"is_primary"`
}

// imageList is all images of a slipper; there are few, so it has no pages.
type imageList struct {
	Items []catalog.Image `json:"items"`
}

func listOf(images []catalog.Image) imageList {
	if images == nil {
		images = []catalog.Image{}
	}
	return imageList{images}
}

func (a API) listImages(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	images, err := a.Images.List(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return fresh(c, "", listOf(images))
}

func (a API) uploadImages(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	if err := httpserver.Extend(c.Response(), patience); err != nil {
		return err
	}
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxUploadBody)
	form, err := r.MultipartReader()
	if err != nil {
		return errMultipart.Because(err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience)
	defer cancel()
	images, err := a.Uploading.Upload(ctx, id, files(form))
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, "/slippers/"+strconv.FormatInt(id, 10)+"/images")
	return private(c, http.StatusCreated, listOf(images))
}

// files yields the files of an upload one by one, so that only one of them is in memory as it came.
func files(form *multipart.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for n := 0; ; n++ {
			part, err := form.NextPart()
			if err == io.EOF { //nolint:errorlint // wrapped, it means that the form was cut off
				return
			}
			var file []byte
			switch {
			case err != nil:
				err = unreadable(err)
			case part.FormName() != "images" || n == catalog.MaxUpload:
				err = errUploadInvalid
			default:
				file, err = readPicture(part, n)
			}
			if !yield(file, err) || err != nil {
				return
			}
		}
	}
}

func readPicture(part io.Reader, n int) ([]byte, error) {
	file, err := io.ReadAll(io.LimitReader(part, catalog.MaxPicture+1))
	switch {
	case err != nil:
		return nil, unreadable(err)
	case len(file) > catalog.MaxPicture:
		return nil, catalog.ErrImageTooLarge.WithBroken(fault.Broken{
			Pointer: fmt.Sprintf("/images/%d", n), Detail: "must have at most 10 MiB",
		})
	}
	return file, nil
}

func unreadable(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return httpserver.ErrTooLarge
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return echo.NewHTTPError(http.StatusRequestTimeout).SetInternal(err)
	}
	return errUploadBroken.Because(err)
}

func (a API) updateImage(c echo.Context) error {
	id, imageID, err := imageIDs(c)
	if err != nil {
		return err
	}
	in, err := httpserver.Body[imageBody](c)
	if err != nil {
		return err
	}
	now, err := a.Images.Update(c.Request().Context(), id, imageID, catalog.ImageChange(in), httpserver.IfMatch(c))
	if err != nil {
		return err
	}
	return private(c, http.StatusOK, now)
}

func (a API) deleteImage(c echo.Context) error {
	id, imageID, err := imageIDs(c)
	if err != nil {
		return err
	}
	if err := a.Images.Delete(c.Request().Context(), id, imageID); err != nil {
		return err
	}
	return gone(c)
}

func imageIDs(c echo.Context) (id, imageID int64, err error) {
	if id, err = httpserver.ID(c, "id"); err != nil {
		return 0, 0, err
	}
	imageID, err = httpserver.ID(c, "image_id")
	return id, imageID, err
}
