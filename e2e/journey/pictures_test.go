package journey_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"mime/multipart"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

const http201 = 201

// picture returns a PNG; another shade is another picture.
func picture(t *testing.T, shade uint8) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for i := range m.Pix {
		m.Pix[i] = shade * uint8(i)
	}
	m.Set(1, 1, color.RGBA{shade, 0, 0, 255})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// upload sends the files to a slipper, as a browser does, and holds the answer to be status.
func (v visitor) upload(t *testing.T, slipper string, status int, files ...string) answer {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for _, file := range files {
		part, err := form.CreateFormFile("images", "slipper.png")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(file)); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	a := v.call(t, "POST /slippers/"+slipper+"/upload-images/", b.String(), "Content-Type: "+form.FormDataContentType())
	if a.status != status {
		t.Fatalf("uploading %d files = %d %s, want %d", len(files), a.status, a.body, status)
	}
	return a
}

func TestPicturesFromTheUploadToTheBrowser(t *testing.T) {
	t.Parallel()
	s := open(t)
	admin, anyone := s.admin(t), visitor{store: s}
	slipper := admin.slipper(t, "Wool slipper", "129000", 5)
	up := admin.upload(t, slipper, http201, picture(t, 3), picture(t, 5), picture(t, 7))
	if up.header.Get("Location") != "/slippers/"+slipper+"/images" {
		t.Errorf("uploading answers %v", up.header)
	}
	paths := []string{up.text(t, "items.0.image_path"), up.text(t, "items.1.image_path"), up.text(t, "items.2.image_path")}

	if a := anyone.must(t, "GET /slippers/"+slipper, ""); a.text(t, "image") != paths[0] || a.text(t, "primary_image") != paths[0] ||
		a.text(t, "images.0.is_primary") != "true" || len(a.field(t, "image_gallery").([]any)) != 3 {
		t.Errorf("the slipper is %s", a.body)
	}
	if a := anyone.must(t, "GET /slippers/", ""); a.text(t, "items.0.image") != paths[0] || len(a.field(t, "items.0.images").([]any)) != 3 {
		t.Errorf("the list is %s", a.body)
	}
	if a := anyone.must(t, "GET /slippers/?include_images=false", ""); a.text(t, "items.0.image") != paths[0] || strings.Contains(a.body, "images") {
		t.Errorf("the list without images is %s", a.body)
	}
	served(t, anyone, paths)

	primary := func() string {
		t.Helper()
		a := anyone.must(t, "GET /slippers/"+slipper+"/images", "")
		if n := strings.Count(a.body, `"is_primary":true`); n != 1 {
			t.Errorf("%d images are primary: %s", n, a.body)
		}
		if a.text(t, "items.0.is_primary") != "true" {
			t.Errorf("the primary image is not the first: %s", a.body)
		}
		if shown := anyone.must(t, "GET /slippers/"+slipper, "").text(t, "image"); shown != a.text(t, "items.0.image_path") {
			t.Errorf("the slipper shows %s, the images are %s", shown, a.body)
		}
		return a.text(t, "items.0.image_path")
	}
	one := func(n string) string { return " /slippers/" + slipper + "/images/" + up.text(t, "items."+n+".id") }
	admin.must(t, "PUT"+one("1"), `{"is_primary":true,"alt_text":"From above"}`)
	if p := primary(); p != paths[1] {
		t.Errorf("%s is primary, want %s", p, paths[1])
	}
	buyer := s.guest(t) // whose order shows for ever what was bought
	bought := buyer.must(t, "POST /orders/", `{"items":[{"slipper_id":`+slipper+`,"quantity":1}]}`)
	order, ordered := bought.header.Get("Location"), bought.text(t, "items.0.image")
	admin.must(t, "DELETE"+one("1"), "")
	if p := primary(); p != paths[0] && p != paths[2] {
		t.Errorf("%s is primary after the primary one was deleted", p)
	}
	if a := anyone.call(t, "GET "+ordered, ""); a.status != 200 || ordered != paths[1] || buyer.must(t, "GET "+order, "").text(t, "items.0.image") != ordered {
		t.Errorf("the picture of an order = %d at %s", a.status, ordered)
	}
	admin.must(t, "DELETE"+one("0"), "")
	if p := primary(); p != paths[2] {
		t.Errorf("%s is primary, want the last one", p)
	}
	admin.must(t, "DELETE"+one("2"), "")
	if a := anyone.must(t, "GET /slippers/"+slipper, ""); a.field(t, "image") != nil || a.field(t, "primary_image") != nil {
		t.Errorf("without pictures the slipper is %s", a.body)
	}
}

// TestPicturesInABucket keeps them with a service that speaks S3, which then goes away: that costs pictures, and nothing else.
func TestPicturesInABucket(t *testing.T) {
	t.Parallel()
	backend := s3mem.New()
	if err := backend.CreateBucket("pictures"); err != nil {
		t.Fatal(err)
	}
	s3 := httptest.NewServer(gofakes3.New(backend).Server())
	defer s3.Close()
	s := open(t, "IMAGES_URL=s3://pictures?endpoint="+s3.URL, "AWS_ACCESS_KEY_ID=shop", "AWS_SECRET_ACCESS_KEY=secret")
	admin, anyone := s.admin(t), visitor{store: s}
	slipper := admin.slipper(t, "Wool slipper", "129000", 5)
	up := admin.upload(t, slipper, http201, picture(t, 3), picture(t, 5))
	paths := []string{up.text(t, "items.0.image_path"), up.text(t, "items.1.image_path")}
	served(t, anyone, paths)

	s3.Close()
	before := s.digests(t)
	if a := anyone.call(t, "GET "+paths[0], ""); a.status != 503 || a.header.Get("Retry-After") == "" || !strings.Contains(a.body, "pictures-unavailable") {
		t.Errorf("a picture that cannot be read = %d %v %s", a.status, a.header, a.body)
	}
	admin.upload(t, slipper, 503, picture(t, 7)).problem(t, "an upload that cannot be kept")
	for table, digest := range s.digests(t) {
		if digest != before[table] {
			t.Errorf("an upload that could not be kept changed %s", table)
		}
	}
	if a := anyone.must(t, "GET /slippers/"+slipper, ""); a.text(t, "image") != paths[0] {
		t.Errorf("the slipper is %s", a.body)
	}
	s.guest(t).must(t, "POST /orders/", `{"items":[{"slipper_id":`+slipper+`,"quantity":1}]}`)
}

// served holds what browsers and caches are told of pictures.
func served(t *testing.T, v visitor, paths []string) {
	t.Helper()
	whole := v.must(t, "GET "+paths[0], "", "Accept-Encoding: gzip")
	tag := whole.header.Get("ETag")
	if whole.status != 200 || whole.header.Get("Content-Type") != "image/png" || !strings.HasPrefix(tag, `"`) || len(tag) < 10 ||
		whole.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || whole.header.Get("Content-Encoding") != "" ||
		whole.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a picture = %d %v", whole.status, whole.header)
	}
	if m, err := png.Decode(strings.NewReader(whole.body)); err != nil || m.Bounds().Dx() != 64 {
		t.Errorf("it is no picture: %v", err)
	}
	if other := v.must(t, "GET "+paths[1], ""); other.header.Get("ETag") == tag || other.body == whole.body {
		t.Errorf("two pictures have the tags %s and %s", tag, other.header.Get("ETag"))
	}
	if a := v.must(t, "HEAD "+paths[0], ""); a.status != 200 || a.body != "" || a.header.Get("ETag") != tag ||
		a.header.Get("Content-Length") != whole.header.Get("Content-Length") || a.header.Get("Content-Length") == "" {
		t.Errorf("HEAD = %d %v", a.status, a.header)
	}
	if a := v.must(t, "GET "+paths[0], "", "Range: bytes=8-15"); a.status != 206 || a.body != whole.body[8:16] || a.header.Get("Content-Range") == "" {
		t.Errorf("a range = %d %v %q", a.status, a.header, a.body)
	}
	if a := v.call(t, "GET "+paths[0], "", "Range: bytes=8-15", `If-Range: "another"`); a.status != 200 || a.body != whole.body {
		t.Errorf("a range of another picture = %d", a.status)
	}
	if a := v.call(t, "GET "+paths[0], "", "If-None-Match: "+tag); a.status != 304 || a.body != "" || a.header.Get("ETag") != tag {
		t.Errorf("asked again = %d %v", a.status, a.header)
	}
	folder := paths[0][:strings.LastIndexByte(paths[0], '/')]
	for _, path := range []string{"/static", "/static/", "/static/slippers", "/static/slippers/", folder, folder + "/", folder + "/..", folder + "/%2e%2e%2fsecret", folder + "/nobody.png"} {
		if a := v.call(t, "GET "+path, ""); a.status != 404 {
			t.Errorf("%s = %d %s", path, a.status, a.body)
		}
	}
}

func TestAFakePictureLeavesNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := open(t, "IMAGES_URL=file://"+filepath.ToSlash(folder))
	admin := s.admin(t)
	slipper := admin.slipper(t, "Wool slipper", "129000", 5)
	before := s.digests(t)
	for name, files := range map[string][]string{
		"a text":            {"a text, whatever its name says"},
		"among sound ones":  {picture(t, 3), "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", picture(t, 5)},
		"cut off":           {picture(t, 3)[:60]},
		"a page in a PNG":   {picture(t, 3)[:8] + "<html><script>alert(1)</script></html>"},
		"nothing in a file": {""},
	} {
		a := admin.upload(t, slipper, 422, files...)
		a.problem(t, name)
		if !strings.Contains(a.body, `"pointer":"/images/`) {
			t.Errorf("%s: the answer does not say which: %s", name, a.body)
		}
	}
	for table, digest := range s.digests(t) {
		if digest != before[table] {
			t.Errorf("fakes changed %s", table)
		}
	}
	if left := files(t, folder); len(left) > 0 {
		t.Errorf("fakes left %v", left)
	}
	admin.upload(t, slipper, http201, picture(t, 3))
	if left := files(t, folder); len(left) != 1 {
		t.Errorf("a picture left %v, so that nothing would be seen of a fake", left)
	}
}

func files(t *testing.T, folder string) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
