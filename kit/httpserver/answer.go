package httpserver

import (
	"maps"
	"net/http"
	"sync"
)

// apart gives h answers whose head is kept apart from net/http's until it is known how it will be written.
func apart(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(connKey{}).(*conn)
		if !ok {
			h.ServeHTTP(w, r)
			return
		}
		a, _ := answers.Get().(*answer)
		a.ResponseWriter, a.conn = w, c
		h.ServeHTTP(a, r)
		a.begin(http.StatusOK)
		clear(a.head)
		*a = answer{head: a.head}
		answers.Put(a)
	})
}

// answer is one. It does not know trailers.
type answer struct {
	http.ResponseWriter // net/http's

	conn  *conn
	head  http.Header
	whole bool // it is written by WriteWhole
	body  []byte
	begun bool
}

var answers = sync.Pool{New: func() any { return &answer{head: make(http.Header, 32)} }} // a map that need not grow

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.head }

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.begin(http.StatusOK)
	return a.ResponseWriter.Write(p) //nolint:wrapcheck // the handler's own
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.begun {
		a.ResponseWriter.WriteHeader(status) // which complains
	}
	a.begin(status)
}

// Flush implements http.Flusher.
func (a *answer) Flush() {
	a.begin(http.StatusOK)
	_ = http.NewResponseController(a.ResponseWriter).Flush() // a client that has gone needs nothing
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// begin gives the head to net/http, once; of a whole answer only what net/http itself acts on, and the rest to the connection.
func (a *answer) begin(status int) {
	if a.begun {
		return
	}
	a.begun = status >= http.StatusOK
	if !a.whole {
		maps.Copy(a.ResponseWriter.Header(), a.head)
		a.ResponseWriter.WriteHeader(status)
		return
	}
	a.conn.head, a.conn.body = append(a.conn.head, statusLine...), a.body
	for name, values := range a.head {
		if actedOn(name) || !a.conn.add(name, values) {
			a.ResponseWriter.Header()[name] = values
		}
	}
	a.ResponseWriter.WriteHeader(http.StatusNoContent)
}

// actedOn tells whether net/http reads a header of an answer.
func actedOn(name string) bool {
	switch name {
	case "Connection", "Date", "Trailer", "Transfer-Encoding":
		return true
	}
	return false
}
