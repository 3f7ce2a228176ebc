package postgres

import (
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpserver"
)

// ErrDown is what a client reads while PostgreSQL does not answer.
var ErrDown = fault.New(fault.Unavailable, "database-unavailable", "The database does not answer right now.").After(2 * time.Second)

// Outages answers with ErrDown what fails because PostgreSQL is away, full or restarting, and with httpserver.ErrTimeout what
// it gave up, because a statement took too long: the client may ask again.
func Outages(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		switch {
		case err == nil || fault.Of(err) != nil:
			return err
		case outage(err):
			return ErrDown.Because(err)
		case givenUp(err):
			return httpserver.ErrTimeout.Because(err)
		}
		return err
	}
}

func outage(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(e.Code, "08") || // connection exception
			strings.HasPrefix(e.Code, "57P") || // shut down, starting up
			e.Code == "53300" || // too many connections
			e.Code == "25006" // read only: it is no longer the primary
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	// A connection that broke under the statement: pgx says it as the network does, or only that it is closed.
	if errors.Is(err, pgconn.ErrConnClosed) {
		return true
	}
	network, ok := errors.AsType[*net.OpError](err)
	return ok && !network.Timeout() || errors.Is(err, io.ErrUnexpectedEOF)
}

// givenUp says whether the server ended the statement, at its statement_timeout or because the caller no longer waits.
func givenUp(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "57014"
}
