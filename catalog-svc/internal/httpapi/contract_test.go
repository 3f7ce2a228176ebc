package httpapi_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/testkit"
)

var errDown = errors.New("connecting to hunter2@db: refused")

func TestEveryOperationKeepsTheContract(t *testing.T) {
	t.Parallel()
	const (
		good        = `{"name":"Felt slipper","size":"38-39","price":129000.50,"quantity":4,"category_id":3}`
		reservation = "/internal/reservations/0197b0a0-0000-7000-8000-000000000001"
		lines       = `{"expires_at":"2026-03-01T12:00:00Z","lines":[{"slipper_id":7,"quantity":1}]}`
	)
	short := catalog.ErrOutOfStock.With("unavailable", []catalog.Unavailable{{SlipperID: 7, Requested: 2, Available: 1}})
	tests := map[string]struct {
		err      error
		request  string
		body     string
		headers  []string
		status   int
		contains string
	}{
		"categories":                   {nil, "GET /categories/", "", nil, 200, `"next_cursor":null`},
		"categories, no slash":         {nil, "GET /categories", "", nil, 200, `"sort":"name_asc"`},
		"categories, inactive, nobody": {nil, "GET /categories/?include_inactive=true", "", nil, 401, `/problems/token-missing`},
		"categories, inactive, user":   {nil, "GET /categories/?include_inactive=true", "", []string{"as: user"}, 403, `/problems/forbidden`},
		"categories, inactive, admin":  {nil, "GET /categories/?include_inactive=true", "", []string{"as: admin"}, 200, `"total":1`},
		"categories, bad token":        {nil, "GET /categories/", "", []string{"as: forgotten"}, 401, `/problems/token-invalid`},
		"category":                     {nil, "GET /categories/3", "", nil, 200, `"created_at":"2026-03-01T12:00:00Z"`},
		"category, unknown":            {nil, "GET /categories/4", "", nil, 404, `/problems/category-not-found`},
		"category, known already":      {nil, "GET /categories/3", "", []string{`If-None-Match: W/"1", "2"`}, 304, ``},
		"add category":                 {nil, "POST /categories/", `{"name":"Home"}`, nil, 201, `"id":3`},
		"add category, taken":          {catalog.ErrCategoryTaken, "POST /categories/", `{"name":"Home"}`, nil, 409, `/problems/category-name-taken`},
		"add category, no name":        {nil, "POST /categories/", `{}`, nil, 422, `"pointer":"/name"`},
		"add category, user":           {nil, "POST /categories/", `{"name":"Home"}`, []string{"as: user"}, 403, `/problems/forbidden`},
		"add category, nobody":         {nil, "POST /categories/", `{"name":"Home"}`, []string{"as: nobody"}, 401, `/problems/token-missing`},
		"change category":              {nil, "PUT /categories/3", `{"description":"x"}`, []string{`If-Match: "2"`}, 200, `"id":3`},
		"change category, stale":       {nil, "PUT /categories/3", `{"description":"x"}`, []string{`If-Match: "1"`}, 412, `/problems/precondition-failed`},
		"change category, weak":        {nil, "PUT /categories/3", `{"description":"x"}`, []string{`If-Match: W/"2"`}, 412, `/problems/precondition-failed`},
		"change category, any":         {nil, "PUT /categories/3", `{"description":"x"}`, []string{`If-Match: *`}, 200, `"id":3`},
		"delete category":              {nil, "DELETE /categories/3", "", nil, 204, ``},

		"slippers":                  {nil, "GET /slippers/", "", nil, 200, `"image_gallery":["/static/slippers/7/a.png"],"primary_image":"/static/slippers/7/a.png"}`},
		"slippers, plain":           {nil, "GET /slippers/?include_images=false&limit=1", "", nil, 200, `"is_available":true}],"total":2`},
		"slippers, filtered":        {nil, "GET /slippers/?category_id=0&search=100%25&sort=price_asc&min_price=1&max_price=9.99&size=38&in_stock=true&skip=1", "", nil, 200, `"has_prev":true`},
		"slippers, database down":   {errDown, "GET /slippers/", "", nil, 500, `"title":"Internal Server Error"`},
		"slippers, cursor tampered": {nil, "GET /slippers/?cursor=AAAA", "", nil, 400, `/problems/cursor-invalid`},
		"slipper":                   {nil, "GET /slippers/7", "", nil, 200, `"price":129000.00,"quantity":4`},
		"slipper, plain":            {nil, "GET /slippers/7?include_images=false", "", nil, 200, `"is_available":true,"fiscal":{"spic":"06404001001000000","package_code":"2","vat":false},"created_at"`},
		"change slipper, fiscal":    {nil, "PUT /slippers/7", `{"fiscal":{"spic":"06404001001000000","package_code":"2","vat":true}}`, nil, 200, `"id":7`},
		"change slipper, no fiscal": {nil, "PUT /slippers/7", `{"fiscal":{}}`, nil, 200, `"id":7`},
		"change slipper, in part":   {nil, "PUT /slippers/7", `{"fiscal":{"spic":"06404001001000000"}}`, nil, 422, `"pointer":"/fiscal/package_code"`},
		"slipper, unknown":          {nil, "GET /slippers/8", "", nil, 404, `/problems/slipper-not-found`},
		"slipper, known already":    {nil, "GET /slippers/7", "", []string{`If-None-Match: "5-2"`}, 304, ``},
		"slipper, known, HEAD":      {nil, "HEAD /slippers/7", "", []string{`If-None-Match: *`}, 304, ``},
		"add slipper":               {nil, "POST /slippers/", good, nil, 201, `"updated_at":"2026-03-01T12:00:00Z"`},
		"add slipper, no category":  {catalog.ErrNoCategory, "POST /slippers/", good, nil, 422, `"pointer":"/category_id"`},
		"change slipper":            {nil, "PUT /slippers/7", `{"category_id":0}`, []string{`If-Match: "x", "5-2"`}, 200, `"id":7`},
		"change slipper, stale":     {nil, "PUT /slippers/7", `{"quantity":1}`, []string{`If-Match: "4-2"`}, 412, `/problems/precondition-failed`},
		"change slipper, unknown":   {nil, "PUT /slippers/8", `{"quantity":1}`, nil, 404, `/problems/slipper-not-found`},
		"delete slipper":            {nil, "DELETE /slippers/7", "", nil, 204, ``},
		"delete slipper, gone":      {nil, "DELETE /slippers/8", "", nil, 404, `/problems/slipper-not-found`},

		"images":               {nil, "GET /slippers/7/images", "", nil, 200, `{"items":[{"id":1`},
		"images, unknown":      {nil, "GET /slippers/8/images", "", nil, 404, `/problems/slipper-not-found`},
		"change image":         {nil, "PUT /slippers/7/images/1", `{"alt_text":"x","order_index":2,"is_primary":true}`, nil, 200, `"alt_text":"The pair"`},
		"change image, demote": {nil, "PUT /slippers/7/images/1", `{"is_primary":false}`, nil, 422, `"pointer":"/is_primary"`},
		"delete image":         {nil, "DELETE /slippers/7/images/1", "", nil, 204, ``},
		"delete image, gone":   {catalog.ErrImageNotFound, "DELETE /slippers/7/images/2", "", nil, 404, `/problems/image-not-found`},

		"picture":                  {nil, "GET /static/slippers/7/a.png", "", nil, 200, "\x89PNG"},
		"picture, HEAD":            {nil, "HEAD /static/slippers/7/a.png", "", nil, 200, ""},
		"picture, part":            {nil, "GET /static/slippers/7/a.png", "", []string{"Range: bytes=1-3"}, 206, "PNG"},
		"picture, no such part":    {nil, "GET /static/slippers/7/a.png", "", []string{"Range: bytes=9999-"}, 416, `"status":416`},
		"picture, another one":     {nil, "GET /static/slippers/7/a.png", "", []string{`If-Match: "7-b"`}, 412, `"status":412`},
		"picture, known already":   {nil, "GET /static/slippers/7/a.png", "", []string{`If-None-Match: "7-a"`}, 304, ""},
		"picture, unknown":         {nil, "GET /static/slippers/7/b.png", "", nil, 404, `/problems/picture-not-found`},
		"picture, of another kind": {nil, "GET /static/slippers/7/a.attrs", "", nil, 404, `/problems/not-found`},
		"picture, up and away":     {nil, "GET /static/slippers/7/..%2f..%2fa.png", "", nil, 404, `/problems/not-found`},
		"no listing":               {nil, "GET /static/slippers/7", "", nil, 404, `about:blank`},

		"reserve":               {nil, "PUT " + reservation, lines, nil, 200, `"state":"held"`},
		"reserve, short":        {short, "PUT " + reservation, lines, nil, 409, `"unavailable":[{"slipper_id":7,"requested":2,"available":1}]`},
		"reserve, differs":      {catalog.ErrReservationDiffers, "PUT " + reservation, lines, nil, 409, `/problems/reservation-differs`},
		"reserve, nothing":      {nil, "PUT " + reservation, `{"expires_at":"x","lines":[]}`, nil, 422, `"pointer":"/expires_at"`},
		"reserve, outsider":     {nil, "PUT " + reservation, lines, []string{"as: admin"}, 404, `about:blank`},
		"reserve, id no uuid":   {nil, "PUT /internal/reservations/7", lines, nil, 404, `/problems/not-found`},
		"release":               {nil, "POST " + reservation + "/release", "", nil, 200, `"lines":[{"slipper_id":7`},
		"release, sold":         {catalog.ErrReservationSold, "POST " + reservation + "/release", "", nil, 409, `/problems/reservation-sold`},
		"return":                {nil, "POST " + reservation + "/return", "", nil, 200, `"lines":[{"slipper_id":7`},
		"sell":                  {nil, "POST " + reservation + "/sell", "{}", nil, 200, `"lines":[{"slipper_id":7`},
		"sell, unknown":         {catalog.ErrReservationNotFound, "POST " + reservation + "/sell", "", nil, 404, `/problems/reservation-not-found`},
		"sell, released":        {catalog.ErrReservationReleased, "POST " + reservation + "/sell", "", nil, 409, `/problems/reservation-released`},
		"shelf":                 {nil, "GET /internal/slippers?ids=7,8", "", nil, 200, `{"items":[{"id":7,`},
		"shelf, of nothing":     {nil, "GET /internal/slippers", "", nil, 422, `"parameter":"ids"`},
		"pool":                  {nil, "GET /internal/db-pool", "", nil, 200, `"status":"healthy"`},
		"pool, without secret":  {nil, "GET /internal/db-pool", "", []string{"as: nobody"}, 404, `about:blank`},
		"slow queries":          {nil, "GET /internal/slow-queries", "", nil, 200, `{"available":true,"since":"2026-03-01T12:00:00Z","queries":[{"query":"SELECT $1"`},
		"slow queries, unknown": {nil, "GET /internal/slow-queries?limit=1", "", nil, 200, `{"available":false,"reason":"`},
		"slow queries, many":    {nil, "GET /internal/slow-queries?limit=101", "", nil, 422, `"parameter":"limit"`},
		"missing indexes":       {nil, "GET /internal/missing-indexes", "", nil, 200, `"idx_scan":null`},
		"copies":                {nil, "GET /internal/cache", "", nil, 200, `"hit_ratio":null`},
	}
	contract := testkit.NewContract(t, "../../openapi.yaml")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			u := serve(t, tt.err)
			r := u.request(t, tt.request, tt.body, tt.headers...)
			u.as(r)
			rec := httptest.NewRecorder()
			contract.Check(t, u).ServeHTTP(rec, r)
			if rec.Code != tt.status || !strings.Contains(rec.Body.String(), tt.contains) {
				t.Errorf("%s = %d %s\nwant %d with %s", tt.request, rec.Code, rec.Body, tt.status, tt.contains)
			}
			if strings.Contains(rec.Body.String(), "hunter2") {
				t.Error("the client reads what is for our log")
			}
			if rec.Header().Get("Cache-Control") == "" {
				t.Error("no Cache-Control")
			}
		})
	}
	t.Run("upload", func(t *testing.T) {
		u := serve(t, nil)
		body, contentType := upload(t, "images", picturePNG(t), picturePNG(t))
		rec := httptest.NewRecorder()
		contract.Check(t, u).ServeHTTP(rec, u.request(t, "POST /slippers/7/upload-images/", body, "Content-Type: "+contentType))
		if rec.Code != http.StatusCreated || rec.Header().Get("Location") != "/slippers/7/images" || u.shop.writes != 1 {
			t.Errorf("got %d %s, %d writes", rec.Code, rec.Body, u.shop.writes)
		}
	})
	contract.SameRoutes(t, serve(t, nil).Echo)
}

// as replaces the header "as: user" by the credential of one.
func (u under) as(r *http.Request) {
	who, ok := map[string]string{"admin": u.admin, "user": u.user, "forgotten": u.forgotten, "nobody": ""}[r.Header.Get("as")]
	r.Header.Del("as")
	if ok && who == "" {
		r.Header.Del("Authorization")
	} else if ok {
		r.Header.Set("Authorization", who)
	}
}

func TestCatalogueAnswersCanBeKeptAndChecked(t *testing.T) {
	t.Parallel()
	u := serve(t, nil)
	for path, tag := range map[string]string{
		"/slippers/7": `"5-2"`, "/categories/3": `"2"`, "/slippers/": "", "/categories/": "", "/slippers/7/images": "",
	} {
		rec := httptest.NewRecorder()
		u.ServeHTTP(rec, u.request(t, "GET "+path, ""))
		h := rec.Header()
		got := h.Get("ETag")
		if got == "" || tag != "" && got != tag || h.Get("Cache-Control") != "public, max-age=0, must-revalidate" || h.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s answers with %v", path, h)
		}
		again := httptest.NewRecorder()
		u.ServeHTTP(again, u.request(t, "GET "+path, "", "If-None-Match: W/"+got))
		if again.Code != http.StatusNotModified || again.Body.Len() != 0 || again.Header().Get("ETag") != got {
			t.Errorf("%s again answers %d %v %s", path, again.Code, again.Header(), again.Body)
		}
	}
	rec := httptest.NewRecorder()
	u.ServeHTTP(rec, u.request(t, "GET /static/slippers/7/a.png", ""))
	h := rec.Header()
	if h.Get("ETag") != `"7-a"` || h.Get("Cache-Control") != "public, max-age=31536000, immutable" ||
		h.Get("Content-Type") != "image/png" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Accept-Ranges") != "bytes" {
		t.Errorf("a picture answers with %v", h)
	}
}

func TestCursorLeadsOn(t *testing.T) {
	t.Parallel()
	u := serve(t, nil)
	rec := httptest.NewRecorder()
	u.ServeHTTP(rec, u.request(t, "GET /slippers/?limit=1&sort=name_asc", ""))
	_, rest, _ := strings.Cut(rec.Body.String(), `"next_cursor":"`)
	cursor, _, _ := strings.Cut(rest, `"`)
	for query, want := range map[string]int{
		"sort=name_asc&cursor=": 200, "sort=name_desc&cursor=": 400, "sort=name_asc&skip=0&cursor=": 422,
		"sort=name_asc&cursor=&size=": 400, "sort=name_asc&cursor=%20": 400,
	} {
		rec := httptest.NewRecorder()
		u.ServeHTTP(rec, u.request(t, "GET /slippers/?limit=1&"+query+cursor, ""))
		if rec.Code != want {
			t.Errorf("%s: got %d %s, want %d", query, rec.Code, rec.Body, want)
		}
	}
}
