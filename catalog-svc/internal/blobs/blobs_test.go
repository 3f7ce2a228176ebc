package blobs_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/slippers-api/slippers/catalog-svc/internal/blobs"
	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
)

func open(t *testing.T, url string) blobs.Bucket {
	t.Helper()
	b, err := blobs.Open(blobs.Config{URL: url, AccessKey: "shop", SecretKey: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// service starts something that speaks S3, has one bucket, and wants requests to be signed with our key.
func service(t *testing.T, bucket string) *httptest.Server {
	t.Helper()
	store := s3mem.New()
	if err := store.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	s3 := gofakes3.New(store).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=shop/") {
			http.Error(w, "not signed with our key", http.StatusForbidden)
			return
		}
		s3.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

func TestABucketKeepsPictures(t *testing.T) {
	folder := "file://" + filepath.ToSlash(filepath.Join(t.TempDir(), "images"))
	s3 := "s3://pictures?endpoint=" + service(t, "pictures").URL
	for _, url := range []string{folder, s3} {
		scheme, _, _ := strings.Cut(url, ":")
		t.Run(scheme, func(t *testing.T) {
			b := open(t, url)
			const key, pixels = "slippers/7/a.jpg", "pixels"
			if _, _, err := b.Read(t.Context(), key); !errors.Is(err, blobs.ErrNotFound) {
				t.Errorf("before it was put, reading gives %v, want %v", err, blobs.ErrNotFound)
			}
			for range 2 { // an upload may come again
				if err := b.Put(t.Context(), key, catalog.Picture{Bytes: []byte(pixels), Extension: "jpg"}); err != nil {
					t.Fatal(err)
				}
			}
			r, modified, err := b.Read(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if size, err := r.Seek(0, io.SeekEnd); size != int64(len(pixels)) || err != nil {
				t.Errorf("the picture ends at %d, %v, want %d", size, err, len(pixels))
			}
			if _, err := r.Seek(2, io.SeekStart); err != nil {
				t.Error(err)
			}
			if got, err := io.ReadAll(iotest.OneByteReader(r)); string(got) != pixels[2:] || err != nil || modified.IsZero() {
				t.Errorf("got %q of %s, %v", got, modified, err)
			}
			for range 2 {
				if err := b.Delete(t.Context(), key); err != nil {
					t.Error(err)
				}
			}
			if _, _, err := b.Read(t.Context(), key); !errors.Is(err, blobs.ErrNotFound) {
				t.Errorf("after it was deleted, reading gives %v, want %v", err, blobs.ErrNotFound)
			}
		})
	}
}

func TestAFolderHoldsPicturesAndNothingElse(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	b := open(t, "file://"+filepath.ToSlash(root))
	if err := b.Put(t.Context(), "slippers/7/a.jpg", catalog.Picture{Bytes: []byte("pixels")}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(root, "slippers", "7"))
	if err != nil || len(entries) != 1 || entries[0].Name() != "a.jpg" {
		t.Errorf("the folder has %v, %v", entries, err)
	}
	secret := filepath.Join(filepath.Dir(root), "secret")
	if err := os.WriteFile(secret, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, _, err := b.Read(t.Context(), "../secret"); err == nil {
		_ = r.Close()
		t.Error("a key leads out of the folder")
	}
}

// A picture that cannot be read now is there all the same: clients must not be told that it is not, and keep that.
func TestAServiceThatIsAwayIsNoMissingPicture(t *testing.T) {
	server := service(t, "pictures")
	b := open(t, "s3://pictures?endpoint="+server.URL)
	nowhere := open(t, "s3://another?endpoint="+server.URL)
	if _, _, err := nowhere.Read(t.Context(), "a.jpg"); !errors.Is(err, blobs.ErrAway) {
		t.Errorf("reading from a bucket that is not there gives %v, want %v", err, blobs.ErrAway)
	}
	server.Close()
	if _, _, err := b.Read(t.Context(), "a.jpg"); !errors.Is(err, blobs.ErrAway) {
		t.Errorf("reading from a service that is away gives %v, want %v", err, blobs.ErrAway)
	}
	if err := b.Put(t.Context(), "a.jpg", catalog.Picture{Bytes: []byte("pixels"), Extension: "jpg"}); !errors.Is(err, blobs.ErrAway) {
		t.Errorf("storing with a service that is away gives %v, want %v", err, blobs.ErrAway)
	}
}

func TestAWrongURLIsRefused(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "images", "/tmp/images", "file://images", "s3://", "s3://bucket/folder", "s3://bucket?region=eu-central-1",
		"s3://bucket?endpoint=host", "s3://bucket?endpoint=ftp://host", "file:///tmp/x?create_dir=1", "gs://bucket", "file:///tmp/\x00",
	} {
		if b, err := blobs.Open(blobs.Config{URL: url}); err == nil {
			_ = b.Close()
			t.Errorf("%q is taken", url)
		}
	}
}
