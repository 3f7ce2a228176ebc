package httpapi_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"image"
	"image/png"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/catalog-svc/internal/blobs"
	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/catalog-svc/internal/httpapi"
	"github.com/slippers-api/slippers/catalog-svc/internal/picture"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/revision"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/kit/token"
)

var (
	long = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	felt = catalog.Slipper{
		ID: 7, Name: "Felt slipper", Size: "38-39", Price: 12_900_000, Quantity: 4, CategoryID: new(int64(3)),
		CategoryName: new("Home"), Image: new("/static/slippers/7/a.png"), IsAvailable: true, CreatedAt: long, UpdatedAt: long,
		Images:  []catalog.Image{{ID: 1, ImagePath: "/static/slippers/7/a.png", IsPrimary: true, AltText: "The pair"}},
		Fiscal:  &catalog.Fiscal{SPIC: "06404001001000000", PackageCode: "2", VAT: new(false)},
		Version: 5, CategoryVersion: 2,
	}
	home = catalog.Category{ID: 3, Name: "Home", IsActive: true, CreatedAt: long, UpdatedAt: long, Version: 2}
	held = catalog.Reservation{
		ID: uuid.MustParse("0197b0a0-0000-7000-8000-000000000001"), State: catalog.Held, ExpiresAt: long,
		Lines: []catalog.ReservedLine{{SlipperID: 7, Quantity: 1, Price: 12_900_000, Name: "Felt slipper", Size: "38-39"}},
	}
)

// shop is every store at once: it has felt in home, and whatever is done to it fails with err. It counts what would have
// been stored.
type shop struct {
	err    error
	writes int
}

func (s *shop) wrote() error {
	if s.err == nil {
		s.writes++
	}
	return s.err
}

type slippers struct{ *shop }

func (s slippers) List(_ context.Context, _ catalog.Filter, r page.Request) ([]catalog.Slipper, int64, error) {
	return slices.Repeat([]catalog.Slipper{felt}, min(r.Rows(), 2)), 2, s.err
}

func (s slippers) Get(_ context.Context, id int64) (catalog.Slipper, error) {
	if id != felt.ID {
		return catalog.Slipper{}, catalog.ErrSlipperNotFound
	}
	return felt, s.err
}

func (s slippers) Some(context.Context, []int64) ([]catalog.Slipper, error) {
	return []catalog.Slipper{felt}, s.err
}

func (s slippers) Create(context.Context, catalog.Slipper) (catalog.Slipper, error) {
	return felt, s.wrote()
}

func (s slippers) Update(_ context.Context, id int64, change catalog.SlipperChange, from revision.Expected) (catalog.Slipper, error) {
	if id != felt.ID {
		return catalog.Slipper{}, catalog.ErrSlipperNotFound
	}
	if err := from.Check(felt.Revision()); err != nil {
		return catalog.Slipper{}, err
	}
	if _, err := change.Apply(felt); err != nil {
		return catalog.Slipper{}, err
	}
	return felt, s.wrote()
}

func (s slippers) Delete(_ context.Context, id int64) error {
	if id != felt.ID {
		return catalog.ErrSlipperNotFound
	}
	return s.wrote()
}

type categories struct{ *shop }

func (s categories) List(context.Context, bool, page.Request) ([]catalog.Category, int64, error) {
	return []catalog.Category{home}, 1, s.err
}

func (s categories) Get(_ context.Context, id int64) (catalog.Category, error) {
	if id != home.ID {
		return catalog.Category{}, catalog.ErrCategoryNotFound
	}
	return home, s.err
}

func (s categories) Create(context.Context, catalog.Category) (catalog.Category, error) {
	return home, s.wrote()
}

func (s categories) Update(_ context.Context, _ int64, change catalog.CategoryChange, from revision.Expected) (catalog.Category, error) {
	if err := from.Check(home.Revision()); err != nil {
		return catalog.Category{}, err
	}
	if _, err := change.Apply(home); err != nil {
		return catalog.Category{}, err
	}
	return home, s.wrote()
}
func (s categories) Delete(context.Context, int64) error { return s.wrote() }

type images struct{ *shop }

func (s images) List(_ context.Context, slipperID int64) ([]catalog.Image, error) {
	if slipperID != felt.ID {
		return nil, catalog.ErrSlipperNotFound
	}
	return felt.Images, nil
}

func (s images) Add(context.Context, int64, []string) ([]catalog.Image, error) {
	return felt.Images, s.wrote()
}

func (s images) Update(_ context.Context, _, _ int64, change catalog.ImageChange, _ revision.Expected) (catalog.Image, error) {
	if _, err := change.Apply(felt.Images[0]); err != nil {
		return catalog.Image{}, err
	}
	return felt.Images[0], s.wrote()
}
func (s images) Delete(context.Context, int64, int64) error { return s.wrote() }

type stock struct{ *shop }

func (s stock) Reserve(context.Context, catalog.Wanted) (catalog.Reservation, error) {
	return held, s.wrote()
}

func (s stock) Release(context.Context, uuid.UUID) (catalog.Reservation, error) {
	return held, s.wrote()
}

func (s stock) Return(context.Context, uuid.UUID) (catalog.Reservation, error) {
	return held, s.wrote()
}

func (s stock) Sell(context.Context, uuid.UUID) (catalog.Reservation, error) { return held, s.wrote() }

const secret = "between us"

// under is an API under test: its routes over a shop in memory and a folder.
type under struct {
	*echo.Echo
	shop                   *shop
	bucket                 blobs.Bucket
	admin, user, forgotten string // Authorization headers
}

func serve(t *testing.T, err error) under {
	t.Helper()
	public, private, keyErr := ed25519.GenerateKey(nil)
	if keyErr != nil {
		t.Fatal(keyErr)
	}
	cursors, _ := page.NewCursors("x")
	bucket, openErr := blobs.Open(blobs.Config{URL: "file://" + t.TempDir()})
	if openErr != nil {
		t.Fatal(openErr)
	}
	t.Cleanup(func() { _ = bucket.Close() })
	if putErr := bucket.Put(t.Context(), "slippers/7/a.png", catalog.Picture{Bytes: picturePNG(t), Extension: "png"}); putErr != nil {
		t.Fatal(putErr)
	}
	cfg := token.Config{Issuer: "slippers", Audience: "slippers"}
	e := httpserver.New(httpserver.Config{RequestTimeout: time.Minute}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	s := &shop{err: err}
	httpapi.Register(e, httpapi.API{
		Slippers: slippers{s}, Categories: categories{s}, Images: images{s}, Pictures: bucket, Stock: stock{s},
		Uploading: catalog.Uploading{Pictures: picture.NewCleaner(1), Blobs: bucket, Gallery: images{s}},
		Facts:     testkit.Facts(),
		Verifier:  token.NewVerifierWith(cfg, func(*jwt.Token) (any, error) { return public, nil }),
		Cursors:   cursors, Secret: secret,
	})
	bearer := func(admin bool) string {
		now := time.Now()
		tok := jwt.NewWithClaims(jwt.SigningMethodEdDSA, token.Claims{
			RegisteredClaims: jwt.RegisteredClaims{
				Issuer: "slippers", Audience: jwt.ClaimStrings{"slippers"}, Subject: "1",
				IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(time.Minute)),
			},
			SessionID: "s", Admin: admin,
		})
		tok.Header["typ"] = token.Type
		raw, signErr := tok.SignedString(private)
		if signErr != nil {
			t.Fatal(signErr)
		}
		return "Bearer " + raw
	}
	return under{Echo: e, shop: s, bucket: bucket, admin: bearer(true), user: bearer(false), forgotten: "Bearer nonsense"}
}

func picturePNG(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 4, 3))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// upload returns a multipart body of files, all in fields of one name.
func upload(t *testing.T, field string, files ...[]byte) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range files {
		part, err := w.CreateFormFile(field, "picture.jpg")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(f)
	}
	_ = w.Close()
	return b.String(), w.FormDataContentType()
}

// request makes "GET /path" with "Header: value" lines. The path says whose credential goes with it, unless a line does.
func (u under) request(t *testing.T, request, body string, headers ...string) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if method != http.MethodGet && method != http.MethodHead {
		r.Header.Set("Authorization", u.admin)
	}
	if strings.HasPrefix(path, "/internal") {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return r
}
