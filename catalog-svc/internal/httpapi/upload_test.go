package httpapi_test

import (
	"bytes"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// What a server allows for other requests is over before an upload begins to come.
func TestAnUploadMayTakeLongerThanOtherRequests(t *testing.T) {
	t.Parallel()
	u := serve(t, nil)
	s := httptest.NewUnstartedServer(u)
	s.Config.ReadHeaderTimeout, s.Config.ReadTimeout, s.Config.WriteTimeout = time.Minute, time.Nanosecond, time.Nanosecond
	s.Start()
	defer s.Close()

	noise := image.NewNRGBA(image.Rect(0, 0, 300, 300)) // more than a server reads along with the head
	for i := range noise.Pix {
		noise.Pix[i] = byte(rand.IntN(256))
	}
	var file bytes.Buffer
	if err := png.Encode(&file, noise); err != nil {
		t.Fatal(err)
	}
	body, contentType := upload(t, "images", file.Bytes())
	r := u.request(t, "POST "+s.URL+"/slippers/7/upload-images/", body, "Content-Type: "+contentType)
	r.RequestURI = "" // else it is one that a server has read
	client := http.Client{Timeout: time.Minute}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, err := io.ReadAll(res.Body); res.StatusCode != http.StatusCreated || err != nil {
		t.Errorf("got %d %s, %v", res.StatusCode, answer, err)
	}
}

func TestAnUploadThatDoesNotComeInTimeIsToldSo(t *testing.T) {
	t.Parallel()
	u := serve(t, nil)
	body, contentType := upload(t, "images", picturePNG(t))
	for _, sent := range []int{0, 40, len(body) / 2} {
		r := u.request(t, "POST /slippers/7/upload-images/", "", "Content-Type: "+contentType)
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(body[:sent]), iotest.ErrReader(os.ErrDeadlineExceeded)))
		refused(t, u, r, http.StatusRequestTimeout)
	}
}
