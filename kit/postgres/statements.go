package postgres

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/slippers-api/slippers/kit/tracing"
)

// Statements times what a process asks of PostgreSQL, and counts what fails. It is a tracer of pgx.
type Statements struct {
	took   *prometheus.HistogramVec
	failed *prometheus.CounterVec
}

// operations are the first words of statements that are told apart. A batch is one operation, being one round trip.
var operations = []string{"select", "insert", "update", "delete", "with", "begin", "commit", "rollback"}

// lost is the code of what failed without a word of PostgreSQL: a connection that ended or could not be made, or time that ran out.
const lost = "connection"

// known are codes that are counted from the start, so that the first of them is seen as a rise from zero: deadlocks, disk full, out
// of memory, too many connections, statement_timeout, errors of the disk, damaged data, damaged indexes.
var known = []string{lost, "40P01", "53100", "53200", "53300", "57014", "58030", "XX001", "XX002"}

// NewStatements returns statements that reg knows of.
func NewStatements(reg prometheus.Registerer) *Statements {
	s := &Statements{
		took: promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
			Name:    "db_client_operation_duration_seconds",
			Help:    "Time from sending a statement until its last row was read, by its first word. Without the wait for a connection.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},

			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
		}, []string{"operation"}),
		failed: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "db_client_errors_total",
			Help: "Statements and new connections that failed, by PostgreSQL's error code (SQLSTATE), or connection where it said none. " +
				"Class 23 are constraints that did their work.",
		}, []string{"code"}),
	}
	for _, code := range known {
		s.failed.WithLabelValues(code)
	}
	return s
}

// asked is where a context carries a statement that is under way.
type asked struct{}

type statement struct {
	operation string
	begun     time.Time
}

func begin(ctx context.Context, operation string) context.Context {
	return context.WithValue(ctx, asked{}, statement{operation, time.Now()})
}

func (s *Statements) end(ctx context.Context, err error) {
	if of, ok := ctx.Value(asked{}).(statement); ok {
		tracing.Observe(ctx, s.took.WithLabelValues(of.operation), time.Since(of.begun))
	}
	if err == nil || errors.Is(context.Cause(ctx), context.Canceled) { // of who has left nobody wants to know
		return
	}
	code := lost
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		code = e.Code
	}
	s.failed.WithLabelValues(code).Inc()
}

func operationOf(sql string) string {
	for word := range strings.FieldsSeq(sql) {
		if i := slices.IndexFunc(operations, func(o string) bool { return strings.EqualFold(o, word) }); i >= 0 {
			return operations[i]
		}
		break
	}
	return "other"
}

// TraceQueryStart implements pgx.QueryTracer.
func (s *Statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	return begin(ctx, operationOf(d.SQL))
}

// TraceQueryEnd implements pgx.QueryTracer.
func (s *Statements) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryEndData) {
	s.end(ctx, d.Err)
}

// TraceBatchStart implements pgx.BatchTracer.
func (s *Statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return begin(ctx, "batch")
}

// TraceBatchQuery implements pgx.BatchTracer.
func (s *Statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (s *Statements) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchEndData) {
	s.end(ctx, d.Err)
}

// TraceConnectStart implements pgx.ConnectTracer.
func (s *Statements) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	return begin(ctx, "connect")
}

// TraceConnectEnd implements pgx.ConnectTracer.
func (s *Statements) TraceConnectEnd(ctx context.Context, d pgx.TraceConnectEndData) {
	s.end(ctx, d.Err)
}
