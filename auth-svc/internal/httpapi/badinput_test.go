package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// refused sends what must not be accepted, and holds the answer to be a 4xx problem, with nothing stored.
func refused(t *testing.T, u under, r *http.Request, status int) {
	t.Helper()
	rec := httptest.NewRecorder()
	u.ServeHTTP(rec, r)
	if rec.Code != status || u.people.writes != 0 {
		t.Errorf("%s %s = %d %s, %d writes, want %d", r.Method, r.URL, rec.Code, rec.Body, u.people.writes, status)
	}
	if rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %s answers %s", r.Method, r.URL, rec.Header().Get("Content-Type"))
	}
}

func TestBadBodiesAreRefused(t *testing.T) {
	t.Parallel()
	everywhere := map[string]int{
		`{`: 400, `[]`: 422, `"x"`: 422, `null`: 422, `{"x":1}`: 422, "{\"name\":\"\xff\"}": 400, `{}{}`: 400, "\x00": 400,
		`{"name":"` + strings.Repeat("x", 100_000) + `"}`: 413,
	}
	register := func(old, replacement string) string { return strings.Replace(registration, old, replacement, 1) }
	tests := map[string]map[string]int{
		"POST /auth/register": {
			`{}`: 422, `{"name":5}`: 422,
			register(`" Aziza "`, `" A "`): 422, register(`" Aziza "`, `"A\u0000b"`): 422, register(`" Aziza "`, `["Aziza"]`): 422,
			register(`"Karimova"`, `null`): 422, register(`+998901234567`, `998901234567`): 422, register(`"+998901234567"`, `998901234567`): 422,
			register(`long enough`, `short`): 422, register(`true`, `"yes"`): 422,
			register(`long enough`, strings.Repeat("x", 129)): 422,
		},
		"POST /auth/login": {
			`{}`: 422, `{"phone_number":7,"password":"x"}`: 422, `{"phone_number":"+998901234567","password":null}`: 422,
			`{"phone_number":"+998901234567","password":"` + strings.Repeat("x", 60_000) + `"}`: 401,
		},
		"POST /auth/refresh": {`{"refresh_token":7}`: 422, `{"refresh_token":""}`: 400, `{"refresh_token":"` + strings.Repeat("x", 60_000) + `"}`: 401},
		"POST /auth/logout":  {},
		"POST /auth/forgot-password": {
			`{}`: 422, `{"phone_number":998901234567}`: 422, `{"phone_number":"+998901234567 or 1=1"}`: 422,
		},
		"POST /auth/reset-password": {
			`{}`: 422, `{"phone_number":"+998901234567","code":12345678,"new_password":"even longer","confirm_new_password":"even longer"}`: 422,
			`{"phone_number":"+998901234567","code":"1234567","new_password":"even longer","confirm_new_password":"even longer"}`: 422,
			`{"phone_number":"+998901234567","code":"12345678","new_password":"short","confirm_new_password":"short"}`:            422,
		},
		"PUT /users/me": {
			`{"name":""}`: 422, `{"name":7}`: 422, `{"surname":"` + strings.Repeat("x", 101) + `"}`: 422, `{"phone_number":"90"}`: 422,
			`{"is_admin":true}`: 422, `{"new_password":"even longer","confirm_new_password":"even longer"}`: 422, `{"id":8}`: 422,
			`{"current_password":"long enough","new_password":"even longer","confirm_new_password":"other"}`: 422,
		},
		"PUT /users/7": {
			`{"name":"x"}`: 422, `{"is_admin":"yes"}`: 422, `{"is_admin":1}`: 422, `{"phone_number":""}`: 422, `{"new_password":"even longer"}`: 422,
		},
	}
	for request, own := range tests {
		for _, bodies := range []map[string]int{everywhere, own} {
			for body, status := range bodies {
				u := serve(t, nil)
				refused(t, u, u.request(t, request, callers(request), body), status)
			}
		}
		u := serve(t, nil)
		refused(t, u, u.request(t, request, callers(request), `{"name":"x"}`, "Content-Type: text/plain"), http.StatusUnsupportedMediaType)
	}
}

// callers says who may send the request.
func callers(request string) string {
	switch {
	case strings.Contains(request, "/internal/"):
		return "service"
	case strings.Contains(request, "/users/me"):
		return "user"
	}
	return "admin"
}

func TestBadQueriesAndPathsAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]int{}
	for _, q := range []string{
		"limit=0", "limit=101", "limit=x", "limit=99999999999999999999", "skip=-1", "x=1", "limit=1&limit=2", "a=%zz", "limit=", "is_admin=2",
		"search=%ff", "search=%00", "search=" + strings.Repeat("x", 101), "sort=name_asc",
	} {
		tests["GET /users/?"+q] = 422
	}
	tests["GET /users/?cursor=AAAA"] = 400
	for _, id := range []string{"0", "-1", "x", "01", "9223372036854775808", "1.0", "%00", "%ff", "ME"} {
		tests["GET /users/"+id], tests["DELETE /users/"+id], tests["PUT /users/"+id] = 404, 404, 404
	}
	for _, path := range []string{
		"POST /auth/register", "POST /auth/login", "POST /auth/refresh", "POST /auth/logout", "POST /auth/forgot-password", "POST /auth/reset-password",
		"GET /users/me", "PUT /users/me", "GET /users/7", "PUT /users/7", "DELETE /users/7", "GET /.well-known/jwks.json",
		"GET /internal/sessions/s", "GET /internal/db-pool",
	} {
		tests[path+"?x=1"] = 422
	}
	for _, path := range []string{
		"GET /auth/login", "PUT /auth/register", "POST /users/", "PATCH /users/7", "POST /.well-known/jwks.json", "DELETE /internal/sessions/s",
	} {
		tests[path] = 405
	}
	for request, status := range tests {
		u := serve(t, nil)
		refused(t, u, u.request(t, request, callers(request), ""), status)
	}
}
