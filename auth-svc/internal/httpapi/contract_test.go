package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/kit/testkit"
)

var errDown = errors.New("connecting to hunter2@db: refused")

const registration = `{"name":" Aziza ","surname":"Karimova","phone_number":"+998901234567","password":"long enough",` +
	`"confirm_password":"long enough","is_admin":true}`

func TestEveryOperationKeepsTheContract(t *testing.T) {
	t.Parallel()
	const (
		login = `{"phone_number":"+998901234567","password":"long enough"}`
		reset = `{"phone_number":"+998901234567","code":"12345678","new_password":"even longer","confirm_new_password":"even longer"}`
		own   = `{"current_password":"long enough","new_password":"even longer","confirm_new_password":"even longer"}`
	)
	tests := map[string]struct {
		err      error
		who      string
		request  string
		body     string
		headers  []string
		status   int
		contains string
	}{
		"register":        {nil, "nobody", "POST /auth/register", registration, nil, 201, `"user":{"id":8,"name":"Aziza","surname":"Karimova","phone_number":"+998901234567","is_admin":false,`},
		"register, taken": {account.ErrPhoneTaken, "nobody", "POST /auth/register", registration, nil, 409, `/problems/phone-taken`},
		"register, empty": {nil, "nobody", "POST /auth/register", `{}`, nil, 422, `"pointer":"/phone_number"`},
		"register, down":  {errDown, "nobody", "POST /auth/register", registration, nil, 500, `"title":"Internal Server Error"`},

		"login":          {nil, "nobody", "POST /auth/login", login, nil, 200, `"token_type":"bearer","expires_in":15,`},
		"login, wrong":   {nil, "nobody", "POST /auth/login", strings.Replace(login, "long", "wrong", 1), nil, 401, `/problems/login-failed`},
		"login, unknown": {nil, "nobody", "POST /auth/login", strings.Replace(login, "67", "68", 1), nil, 401, `/problems/login-failed`},
		"login, empty":   {nil, "nobody", "POST /auth/login", `{"phone_number":"+998901234567"}`, nil, 422, `"pointer":"/password"`},
		"login, down":    {postgres.ErrDown, "nobody", "POST /auth/login", login, nil, 503, `/problems/database-unavailable`},

		"login, too many":  {account.ErrTooMany, "nobody", "POST /auth/login", login, nil, 429, `/problems/too-many-attempts`},
		"forgot, too many": {account.ErrTooMany, "nobody", "POST /auth/forgot-password", `{"phone_number":"+998901234567"}`, nil, 429, `/problems/too-many-attempts`},
		"reset, too many":  {account.ErrTooMany, "nobody", "POST /auth/reset-password", reset, nil, 429, `/problems/too-many-attempts`},

		"me, too many": {account.ErrTooMany, "user", "PUT /users/me", own, nil, 429, `/problems/too-many-attempts`},

		"refresh":            {nil, "nobody", "POST /auth/refresh", `{"refresh_token":"good"}`, nil, 200, `"id":7`},
		"refresh, by header": {nil, "nobody", "POST /auth/refresh", ``, []string{"Refresh-Token: good"}, 200, `"id":7`},
		"refresh, by cookie": {nil, "nobody", "POST /auth/refresh", ``, []string{"Cookie: refresh_token=good"}, 200, `"id":7`},
		"refresh, body goes first": {
			nil, "nobody", "POST /auth/refresh", `{"refresh_token":"good"}`,
			[]string{"Refresh-Token: bad", "Cookie: refresh_token=bad"},
			200, `"id":7`,
		},
		"refresh, bad":  {nil, "nobody", "POST /auth/refresh", `{"refresh_token":"bad"}`, nil, 401, `/problems/refresh-invalid`},
		"refresh, none": {nil, "nobody", "POST /auth/refresh", `{}`, nil, 400, `/problems/refresh-missing`},

		"logout":         {nil, "user", "POST /auth/logout", "", nil, 200, `"message":`},
		"logout, nobody": {nil, "nobody", "POST /auth/logout", "", nil, 401, `/problems/token-missing`},
		"logout, twice":  {nil, "logged out", "POST /auth/logout", "", nil, 401, `/problems/token-invalid`},

		"forgot":           {nil, "nobody", "POST /auth/forgot-password", `{"phone_number":"+998901234567"}`, nil, 202, `"message":`},
		"forgot, unknown":  {nil, "nobody", "POST /auth/forgot-password", `{"phone_number":"+998901234568"}`, nil, 202, `"message":`},
		"forgot, nonsense": {nil, "nobody", "POST /auth/forgot-password", `{"phone_number":"90"}`, nil, 422, `"pointer":"/phone_number"`},
		"reset, wrong":     {nil, "nobody", "POST /auth/reset-password", reset, nil, 400, `/problems/reset-code-invalid`},
		"reset, nonsense":  {nil, "nobody", "POST /auth/reset-password", `{}`, nil, 422, `"pointer":"/code"`},

		"keys": {nil, "nobody", "GET /.well-known/jwks.json", "", nil, 200, `"crv":"Ed25519"`},

		"users":           {nil, "admin", "GET /users/?is_admin=false&search=az&limit=1", "", nil, 200, `"total":2,"page":1,"pages":2,"has_next":true,`},
		"users, no slash": {nil, "admin", "GET /users", "", nil, 200, `"sort":"created_desc"`},
		"users, user":     {nil, "user", "GET /users/", "", nil, 403, `/problems/forbidden`},
		"users, nobody":   {nil, "nobody", "GET /users/", "", nil, 401, `/problems/token-missing`},
		"users, out":      {nil, "admin, logged out", "GET /users/", "", nil, 401, `/problems/token-invalid`},

		"me":                 {nil, "user", "GET /users/me", "", nil, 200, `"id":7`},
		"me, nobody":         {nil, "forgotten", "GET /users/me", "", nil, 401, `/problems/token-invalid`},
		"me, out":            {nil, "logged out", "GET /users/me", "", nil, 401, `/problems/token-invalid`},
		"me, down":           {errDown, "user", "GET /users/me", "", nil, 500, `about:blank`},
		"change me":          {nil, "user", "PUT /users/me", `{"name":"Zuhra"}`, nil, 200, `"name":"Zuhra"`},
		"my password":        {nil, "user", "PUT /users/me", own, nil, 200, `"id":7`},
		"my password, wrong": {nil, "user", "PUT /users/me", strings.Replace(own, "long enough", "x", 1), nil, 422, `/problems/current-password-wrong`},
		"change me, taken":   {account.ErrPhoneTaken, "admin", "PUT /users/7", `{"phone_number":"+998901234568"}`, nil, 409, `/problems/phone-taken`},
		"my role":            {nil, "user", "PUT /users/me", `{"is_admin":true}`, nil, 422, `has an unknown field`},

		"user":              {nil, "admin", "GET /users/7", "", nil, 200, `"created_at":"2026-03-01T12:00:00Z"`},
		"user, by a user":   {nil, "user", "GET /users/7", "", nil, 403, `/problems/forbidden`},
		"user, unknown":     {nil, "admin", "GET /users/8", "", nil, 404, `/problems/user-not-found`},
		"promote":           {nil, "admin", "PUT /users/7", `{"is_admin":true}`, nil, 200, `"id":7`},
		"promote, as read":  {nil, "admin", "PUT /users/7", `{"is_admin":true}`, []string{"If-Match: " + tagOf(aziza)}, 200, `"id":7`},
		"promote, stale":    {nil, "admin", "PUT /users/7", `{"is_admin":true}`, []string{`If-Match: "x"`}, 412, `/problems/precondition-failed`},
		"promote, by users": {nil, "user", "PUT /users/7", `{"is_admin":true}`, nil, 403, `/problems/forbidden`},
		"promote oneself":   {nil, "admin", "PUT /users/1", `{"is_admin":false}`, nil, 409, `/problems/not-on-oneself`},
		"promote, unknown":  {nil, "admin", "PUT /users/9", `{"is_admin":false}`, nil, 404, `/problems/user-not-found`},
		"delete":            {nil, "admin", "DELETE /users/7", "", nil, 204, ``},
		"delete, by a user": {nil, "user", "DELETE /users/7", "", nil, 403, `/problems/forbidden`},
		"delete oneself":    {nil, "admin", "DELETE /users/1", "", nil, 409, `/problems/not-on-oneself`},
		"delete, gone":      {nil, "admin", "DELETE /users/9", "", nil, 404, `/problems/user-not-found`},

		"session":               {nil, "service", "GET /internal/sessions/s", "", nil, 200, `{"active":true}`},
		"session, ended":        {nil, "service", "GET /internal/sessions/x", "", nil, 200, `{"active":false}`},
		"session, for a user":   {nil, "user", "GET /internal/sessions/s", "", nil, 404, `about:blank`},
		"pool":                  {nil, "service", "GET /internal/db-pool", "", nil, 200, `"status":"healthy"`},
		"pool, without secret":  {nil, "nobody", "GET /internal/db-pool", "", nil, 404, `about:blank`},
		"slow queries":          {nil, "service", "GET /internal/slow-queries", "", nil, 200, `{"available":true,"since":"2026-03-01T12:00:00Z","queries":[{"query":"SELECT $1"`},
		"slow queries, unknown": {nil, "service", "GET /internal/slow-queries?limit=1", "", nil, 200, `{"available":false,"reason":"`},
		"slow queries, many":    {nil, "service", "GET /internal/slow-queries?limit=101", "", nil, 422, `"parameter":"limit"`},
		"missing indexes":       {nil, "service", "GET /internal/missing-indexes", "", nil, 200, `"idx_scan":null`},
		"copies":                {nil, "service", "GET /internal/cache", "", nil, 200, `"hit_ratio":null`},
	}
	contract := testkit.NewContract(t, "../../openapi.yaml")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			u := serve(t, tt.err)
			if errors.Is(tt.err, account.ErrTooMany) {
				u = serveLimited(t, nil, closed{})
			}
			rec := httptest.NewRecorder()
			contract.Check(t, u).ServeHTTP(rec, u.request(t, tt.request, tt.who, tt.body, tt.headers...))
			if rec.Code != tt.status || !strings.Contains(rec.Body.String(), tt.contains) {
				t.Errorf("%s = %d %s\nwant %d with %s", tt.request, rec.Code, rec.Body, tt.status, tt.contains)
			}
			if strings.Contains(rec.Body.String(), "hunter2") || strings.Contains(rec.Body.String(), "bcrypt") {
				t.Error("the client reads what is for us")
			}
			keeps := rec.Header().Get("Cache-Control")
			if keys := strings.Contains(tt.request, "jwks"); keys != (keeps == "public, max-age=300") || !keys && keeps != "no-store" {
				t.Errorf("Cache-Control: %s", keeps)
			}
			if retry := rec.Header().Get("Retry-After"); rec.Code == 429 && retry != "2" { // 1.5 s are two
				t.Errorf("Retry-After: %s", retry)
			}
			if tag := rec.Header().Get("ETag"); strings.Contains(tt.request, " /users/7") && rec.Code == 200 && tag != tagOf(aziza) {
				t.Errorf("ETag: %s", tag)
			}
			if rec.Code == 401 && rec.Header().Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
	contract.SameRoutes(t, serve(t, nil).Echo)
}

func TestTheRefreshTokenIsACookieToo(t *testing.T) {
	t.Parallel()
	u := serve(t, nil)
	rec := httptest.NewRecorder()
	u.ServeHTTP(rec, u.request(t, "POST /auth/register", "nobody", registration))
	cookies := rec.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("cookies: %v", cookies)
	}
	k := cookies[0]
	if !strings.Contains(rec.Body.String(), `"refresh_token":"`+k.Value+`"`) || !k.HttpOnly || !k.Secure ||
		k.SameSite != http.SameSiteStrictMode || k.Path != "/auth" || k.MaxAge > 8*60*60 || k.MaxAge < 7*60*60 {
		t.Errorf("the cookie is %+v", k)
	}
	if at := rec.Header().Get("Location"); at != "/users/8" {
		t.Errorf("Location: %s", at)
	}
	rec = httptest.NewRecorder()
	u.ServeHTTP(rec, u.request(t, "POST /auth/logout", "user", ""))
	if k := rec.Result().Cookies(); len(k) != 1 || k[0].MaxAge >= 0 || k[0].Value != "" || k[0].Path != "/auth" {
		t.Errorf("after the logout the cookie is %v", k)
	}
}

func TestWhatEndsSessionsSaysSo(t *testing.T) {
	t.Parallel()
	for request, want := range map[string][]string{
		"POST /auth/logout": {"s"}, "DELETE /users/7": {"s"}, "PUT /users/7": {"other"},
	} {
		u, who := serve(t, nil), "admin"
		rec := httptest.NewRecorder()
		u.ServeHTTP(rec, u.request(t, request, who, `{}`))
		if rec.Code >= 300 || !slices.Equal(u.people.ended, want) {
			t.Errorf("%s = %d, announced %v, want %v", request, rec.Code, u.people.ended, want)
		}
	}
}

// Who reads that they are logged out must be so. When that cannot be said in time, nothing is.
func TestWhatIsNotHeardIsNotAnswered(t *testing.T) {
	t.Parallel()
	for _, request := range []string{"POST /auth/logout", "DELETE /users/7", "PUT /users/7"} {
		u := serve(t, nil)
		u.people.unheard = context.DeadlineExceeded
		rec := httptest.NewRecorder()
		u.ServeHTTP(rec, u.request(t, request, "admin", `{}`))
		if rec.Code < 500 {
			t.Errorf("%s = %d %s", request, rec.Code, rec.Body)
		}
	}
}
