package httpapi_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
)

const reservation = "/internal/reservations/0197b0a0-0000-7000-8000-000000000001"

// refused sends what must not be accepted, and holds the answer to be a 4xx problem, with nothing stored.
func refused(t *testing.T, u under, r *http.Request, status int) {
	t.Helper()
	rec := httptest.NewRecorder()
	u.ServeHTTP(rec, r)
	if rec.Code < 400 || rec.Code > 499 || status != 0 && rec.Code != status || u.shop.writes != 0 {
		t.Errorf("%s %s = %d %s, %d writes, want %d", r.Method, r.URL, rec.Code, rec.Body, u.shop.writes, status)
	}
	if r.Method != http.MethodHead && rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %s answers %s", r.Method, r.URL, rec.Header().Get("Content-Type"))
	}
}

func TestBadBodiesAreRefused(t *testing.T) {
	t.Parallel()
	everywhere := map[string]int{
		`{`: 400, `[]`: 422, `"x"`: 422, `null`: 422, `{"x":1}`: 422, "{\"name\":\"\xff\"}": 400, `{}{}`: 400, "\x00": 400,
		`{"name":"` + strings.Repeat("x", 100_000) + `"}`: 413,
	}
	tests := map[string]map[string]int{
		"POST /slippers/": {
			`{}`: 422, `{"name":5}`: 422,
			`{"name":"  ","size":"38","price":1}`:                                   422,
			`{"name":"a\u0000b","size":"38","price":1}`:                             422,
			`{"name":"Felt","size":"","price":1}`:                                   422,
			`{"name":"Felt","size":"` + strings.Repeat("3", 21) + `","price":1}`:    422,
			`{"name":"Felt","size":"38","price":0}`:                                 422,
			`{"name":"Felt","size":"38","price":-1}`:                                422,
			`{"name":"Felt","size":"38","price":1.005}`:                             422,
			`{"name":"Felt","size":"38","price":1e400}`:                             422,
			`{"name":"Felt","size":"38","price":1e2}`:                               422,
			`{"name":"Felt","size":"38","price":NaN}`:                               400,
			`{"name":"Felt","size":"38","price":"1"}`:                               422,
			`{"name":"Felt","size":"38","price":99999999999}`:                       422,
			`{"name":"Felt","size":"38","price":1,"quantity":-1}`:                   422,
			`{"name":"Felt","size":"38","price":1,"quantity":1000001}`:              422,
			`{"name":"Felt","size":"38","price":1,"quantity":1.5}`:                  422,
			`{"name":"Felt","size":"38","price":1,"quantity":99999999999999999999}`: 422,
			`{"name":"Felt","size":"38","price":1,"category_id":-1}`:                422,
			`{"name":"Felt","size":"38","price":1,"id":1}`:                          422,
		},
		"PUT /slippers/7": {
			`{"fiscal":7}`: 422, `{"fiscal":[]}`: 422, `{"fiscal":{"spic":6404001001000000}}`: 422, `{"fiscal":{"spic":null}}`: 422, `{"fiscal":{"vat":"yes"}}`: 422,
			`{"fiscal":{"vat":true}}`: 422, `{"fiscal":{"spic":"1","package_code":"1","vat":true}}`: 422, `{"fiscal":{"inn":"1"}}`: 422,
			`{"price":0}`: 422, `{"quantity":-1}`: 422, `{"name":""}`: 422, `{"category_id":-3}`: 422, `{"is_available":true}`: 422,
		},
		"POST /categories/":        {`{}`: 422, `{"name":""}`: 422, `{"name":"x","is_active":"yes"}`: 422, `{"name":"x","description":7}`: 422},
		"PUT /categories/3":        {`{"name":" "}`: 422, `{"name":"` + strings.Repeat("x", 101) + `"}`: 422, `{"description":"` + strings.Repeat("x", 1001) + `"}`: 422},
		"PUT /slippers/7/images/1": {`{"order_index":-1}`: 422, `{"order_index":1000001}`: 422, `{"order_index":2147483648}`: 422, `{"is_primary":false}`: 422, `{"alt_text":"` + strings.Repeat("x", 201) + `"}`: 422},
		"PUT " + reservation: {
			`{}`: 422, `{"expires_at":"2026-03-01T12:00:00Z","lines":[]}`: 422, `{"expires_at":"9999-01-01T00:00:00Z","lines":[{"slipper_id":1,"quantity":1}]}`: 422,
			`{"expires_at":"0000-01-01T00:00:00+01:00","lines":[{"slipper_id":1,"quantity":1}]}`:                                                         422,
			`{"expires_at":7,"lines":[{"slipper_id":1,"quantity":1}]}`:                                                                                   422,
			`{"expires_at":"2026-03-01T12:00:00Z","lines":[{"slipper_id":0,"quantity":0}]}`:                                                              422,
			`{"expires_at":"2026-03-01T12:00:00Z","lines":[{"slipper_id":1,"quantity":1000001}]}`:                                                        422,
			`{"expires_at":"2026-03-01T12:00:00Z","lines":[7]}`:                                                                                          422,
			`{"expires_at":"2026-03-01T12:00:00Z","lines":[` + strings.Repeat(`{"slipper_id":1,"quantity":1},`, 500) + `{"slipper_id":1,"quantity":1}]}`: 422,
		},
		"POST " + reservation + "/release": {},
		"POST " + reservation + "/sell":    {},
	}
	for request, own := range tests {
		for _, bodies := range []map[string]int{everywhere, own} {
			for body, status := range bodies {
				u := serve(t, nil)
				refused(t, u, u.request(t, request, body), status)
			}
		}
		u := serve(t, nil)
		refused(t, u, u.request(t, request, `{"name":"x"}`, "Content-Type: text/plain"), http.StatusUnsupportedMediaType)
	}
}

func TestBadQueriesAndPathsAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]int{}
	for _, q := range []string{
		"limit=0", "limit=101", "limit=x", "limit=99999999999999999999", "skip=-1", "skip=2147483648", "x=1", "limit=1&limit=2", "a=%zz", "limit=",
	} {
		tests["GET /slippers/?"+q], tests["GET /categories/?"+q] = 422, 422
	}
	for _, q := range []string{
		"sort=size_asc", "sort=", "min_price=x", "min_price=1.001", "max_price=1e9", "max_price=NaN", "category_id=-1", "category_id=x",
		"category_id=9223372036854775808", "in_stock=maybe", "include_images=2", "search=%ff", "search=%00", "size=" + strings.Repeat("3", 21),
		"search=" + strings.Repeat("x", 101),
	} {
		tests["GET /slippers/?"+q] = 422
	}
	tests["GET /categories/?include_inactive=7"] = 422
	for _, q := range []string{"ids=", "ids=0", "ids=x", "ids=1,", "ids=-1", "ids=" + strings.Repeat("1,", 100) + "1", "ids=9223372036854775808", "id=1"} {
		tests["GET /internal/slippers?"+q] = 422
	}
	for _, id := range []string{"0", "-1", "x", "01", "9223372036854775808", "1.0", "%00", "%ff"} {
		for _, path := range []string{"GET /slippers/", "DELETE /slippers/", "GET /categories/", "DELETE /categories/", "DELETE /slippers/7/images/"} {
			tests[path+id] = 404
		}
		tests["GET /slippers/"+id+"/images"] = 404
		tests["GET /static/slippers/"+id+"/a.png"] = 404
	}
	for _, path := range []string{
		"GET /slippers/7", "GET /categories/3", "GET /slippers/7/images", "POST /slippers/", "PUT /slippers/7", "DELETE /slippers/7", "POST /categories/",
		"POST /slippers/7/upload-images/", "PUT /slippers/7/images/1", "PUT " + reservation, "POST " + reservation + "/sell", "GET /internal/db-pool",
	} {
		tests[path+"?x=1"] = 422
	}
	for _, path := range []string{"PATCH /slippers/7", "POST /slippers/7", "DELETE /slippers/", "PUT /categories/", "GET " + reservation, "POST /static/slippers/7/a.png"} {
		tests[path] = 405
	}
	for request, status := range tests {
		u := serve(t, nil)
		refused(t, u, u.request(t, request, ""), status)
	}
}

func TestBadUploadsAreRefused(t *testing.T) {
	t.Parallel()
	sound := picturePNG(t)
	tests := map[string]struct {
		field    string
		files    [][]byte
		status   int
		contains string
	}{
		"no file":          {"images", nil, 422, `"pointer":"/images"`},
		"another field":    {"image", [][]byte{sound}, 422, `/problems/upload-invalid`},
		"eleven":           {"images", slices.Repeat([][]byte{sound}, 11), 422, `/problems/upload-invalid`},
		"not pictures":     {"images", [][]byte{[]byte("<svg/>"), sound, sound[:40]}, 422, `"pointer":"/images/2"`},
		"one is too large": {"images", [][]byte{sound, make([]byte, catalog.MaxPicture+1)}, 413, `"pointer":"/images/1"`},
	}
	for name, tt := range tests {
		u := serve(t, nil)
		body, contentType := upload(t, tt.field, tt.files...)
		rec := httptest.NewRecorder()
		u.ServeHTTP(rec, u.request(t, "POST /slippers/7/upload-images/", body, "Content-Type: "+contentType))
		if rec.Code != tt.status || !strings.Contains(rec.Body.String(), tt.contains) || u.shop.writes != 0 {
			t.Errorf("%s: %d %s, %d writes, want %d with %s", name, rec.Code, rec.Body, u.shop.writes, tt.status, tt.contains)
		}
	}
	u := serve(t, nil)
	body, contentType := upload(t, "images", sound)
	refused(t, u, u.request(t, "POST /slippers/8/upload-images/", body, "Content-Type: "+contentType), 404)
	refused(t, u, u.request(t, "POST /slippers/7/upload-images/", body), 415)
	refused(t, u, u.request(t, "POST /slippers/7/upload-images/", "--x\r\nnonsense", "Content-Type: multipart/form-data; boundary=x"), 400)
	refused(t, u, u.request(t, "POST /slippers/7/upload-images/", body[:len(body)/2], "Content-Type: "+contentType), 0)
	huge, hugeType := upload(t, "images", slices.Repeat([][]byte{bytes.Repeat([]byte("x"), catalog.MaxPicture)}, 10)...)
	padded := strings.TrimSuffix(huge, "--\r\n") + "\r\nContent-Disposition: form-data; name=\"images\"\r\n\r\n" + strings.Repeat("x", 2<<20)
	refused(t, u, u.request(t, "POST /slippers/7/upload-images/", padded, "Content-Type: "+hugeType), 0)
}
