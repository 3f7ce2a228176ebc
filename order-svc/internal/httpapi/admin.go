package httpapi

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
	"github.com/slippers-api/slippers/order-svc/internal/work"
)

// Jobs is the work in the background, as administrators see it.
type Jobs interface {
	List(ctx context.Context, state string) ([]work.Job, error)
	Retry(ctx context.Context, id int64) (work.Job, error)
}

func (a API) listJobs(c echo.Context) error {
	q := httpserver.Query(c)
	state := httpserver.Parsed(q, "state", work.ParseState)
	if err := q.Err(); err != nil {
		return err
	}
	jobs, err := a.Jobs.List(c.Request().Context(), deref(state))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"items": jobs})
}

func (a API) retryJob(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	return emptyBody(c, func(ctx context.Context) error {
		job, err := a.Jobs.Retry(ctx, id)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, job)
	})
}

// listAttention shows the payments that a person must look at.
func (a API) listAttention(c echo.Context) error {
	payments, err := a.Payments.Attention(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"items": shownPayments(payments, nil, true)})
}

// settleBody says what becomes of money that is held. It must be said: letting go cannot be undone.
type settleBody struct {
	Capture *bool `json:"capture"`
}

func (a API) settlePayment(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	in, err := httpserver.Body[settleBody](c)
	if err != nil {
		return err
	}
	var rules fault.Rules
	rules.Check(in.Capture != nil, "/capture", "is required")
	if err := rules.Err(order.ErrInvalid); err != nil {
		return err
	}
	p, err := a.Settling.Settle(c.Request().Context(), id, *in.Capture)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, shownPayments([]payment.Payment{p}, nil, true)[0])
}

// noteBody says what an administrator has done about a payment.
type noteBody struct {
	Note string `json:"note"`
}

func (a API) attendPayment(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	in, err := httpserver.Body[noteBody](c)
	if err != nil {
		return err
	}
	d, err := payment.NewDecision(actor(c), in.Note)
	if err != nil {
		return err
	}
	p, err := a.Payments.Attended(c.Request().Context(), id, d)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, shownPayments([]payment.Payment{p}, nil, true)[0])
}

// settleRefundBody says what became of a refund.
type settleRefundBody struct {
	Succeeded *bool  `json:"succeeded"`
	Note      string `json:"note"`
}

func (a API) settleRefund(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	in, err := httpserver.Body[settleRefundBody](c)
	if err != nil {
		return err
	}
	var rules fault.Rules
	rules.Check(in.Succeeded != nil, "/succeeded", "is required")
	if err := rules.Err(order.ErrInvalid); err != nil {
		return err
	}
	d, err := payment.NewDecision(actor(c), in.Note)
	if err != nil {
		return err
	}
	to := payment.RefundFailed
	if *in.Succeeded {
		to = payment.RefundSucceeded
	}
	r, err := a.Payments.Decide(c.Request().Context(), id, to, d)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, shownRefunds([]payment.Refund{r}, 0)[0])
}

const day = "2006-01-02"

// parseDay reads a day, or a moment. In UTC it has a year that can be written.
func parseDay(s string) (time.Time, error) {
	for _, layout := range []string{day, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil && t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 {
			return t, nil
		}
	}
	return time.Time{}, errors.New("must be a day such as 2026-03-01, or a moment of RFC 3339, of the years 1 to 9999")
}

// statement is the ledger from one moment until before another, for the accountant.
func (a API) statement(c echo.Context) error {
	q := httpserver.Query(c)
	from, to := httpserver.Parsed(q, "from", parseDay), httpserver.Parsed(q, "to", parseDay)
	format := q.OneOf("format", "json", "csv")
	if err := q.Err(); err != nil {
		return err
	}
	end := time.Now()
	if to != nil {
		end = *to
	}
	start := end.AddDate(0, -1, 0)
	if from != nil {
		start = *from
	}
	entries, err := a.Payments.Statement(c.Request().Context(), start, end)
	if err != nil {
		return err
	}
	if format == "csv" {
		return writeCSV(c, entries)
	}
	return c.JSON(http.StatusOK, map[string]any{"from": start.UTC(), "to": end.UTC(), "items": entries})
}

func writeCSV(c echo.Context, entries []payment.Entry) error {
	c.Response().Header().Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="statement.csv"`)
	w := csv.NewWriter(c.Response())
	rows := [][]string{{"id", "created_at", "account", "amount", "order_id", "payment_id", "refund_id"}}
	for _, e := range entries {
		refund := ""
		if e.RefundID != nil {
			refund = strconv.FormatInt(*e.RefundID, 10)
		}
		rows = append(rows, []string{
			strconv.FormatInt(e.ID, 10), e.CreatedAt.Format(time.RFC3339Nano), e.Account, e.Amount.String(),
			strconv.FormatInt(e.OrderID, 10), strconv.FormatInt(e.PaymentID, 10), refund,
		})
	}
	if err := w.WriteAll(rows); err != nil {
		return fmt.Errorf("writing a statement: %w", err)
	}
	return nil
}
