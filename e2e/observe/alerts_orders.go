package observe

import "time"

var orderAlerts = []Alert{
	{
		Name: "LedgerUnexplained", For: 5 * time.Minute, Severity: Page, Runbook: "ledger",
		When:        when("max(abs(ledger_unexplained_amount))", "!=", 0),
		Summary:     "The ledger and the payments differ by {{ $value }} minor units",
		Description: "Money has moved without its entries, or entries without money. It never mends itself.",
		Fires:       history(12*time.Minute, `ledger_unexplained_amount{service="order-svc",instance="a"}`, "1990000+0x20"),
		Quiet:       history(12*time.Minute, `ledger_unexplained_amount{service="order-svc",instance="a"}`, "0+0x20"),
	},
	{
		Name: "JobsStuck", For: 5 * time.Minute, Severity: Page, Runbook: "jobs",
		When:        when("max(jobs_oldest_waiting_seconds)", ">", 300),
		Summary:     "The oldest job has waited {{ $value | humanizeDuration }}",
		Description: "Orders that were paid do not become PAID, refunds are not sent.",
		Fires:       history(15*time.Minute, `jobs_oldest_waiting_seconds{service="order-svc",instance="a"}`, "0+60x20"),
		Quiet:       history(15*time.Minute, `jobs_oldest_waiting_seconds{service="order-svc",instance="a"}`, "0+60x8 2+0x10"),
	},
	{
		Name: "JobsDiscarded", Severity: Ticket, Runbook: "jobs",
		When: []Condition{{
			Left: `sum by (kind) (max by (kind, state) (jobs{state="discarded"}))`, Is: ">", Than: 0,
			Absent: "jobs are counted by kind and state, and there may be none that was given up",
		}},
		Summary:     "{{ $value }} jobs {{ $labels.kind }} were given up",
		Description: "Each was tried for about a day. Nobody will try again unless somebody says so.",
		Fires:       history(5*time.Minute, `jobs{service="order-svc",instance="a",kind="refund_send",state="discarded"}`, "1+0x10"),
		Quiet: []Case{{At: 5 * time.Minute, Series: Inputs{
			`jobs{service="order-svc",instance="a",kind="refund_send",state="retryable"}`: "9+0x10",
			`jobs{service="order-svc",instance="a",kind="refund_send",state="discarded"}`: "0+0x10",
		}}},
	},
	{
		Name: "ReconcilerBehind", For: 10 * time.Minute, Severity: Page, Runbook: "payments",
		When:        when("max(payments_oldest_unread_seconds)", ">", 1800),
		Summary:     "An open payment was last read back {{ $value | humanizeDuration }} ago",
		Description: "Where the provider's callback was lost, buyers have paid and their orders do not know. About 60 is normal, 900 the most.",
		Fires:       history(45*time.Minute, `payments_oldest_unread_seconds{service="order-svc",instance="a"}`, "0+60x60"),
		Quiet:       history(45*time.Minute, `payments_oldest_unread_seconds{service="order-svc",instance="a"}`, "900+0x60"),
	},
	{
		Name: "PaymentsNeedAttention", For: 5 * time.Minute, Severity: Ticket, Runbook: "payments",
		When:        when("max(payments_attention)", ">", 0),
		Summary:     "{{ $value }} payments need a person",
		Description: "GET /admin/payments says why, for each.",
		Fires:       history(10*time.Minute, `payments_attention{service="order-svc",instance="a"}`, "2+0x20"),
		Quiet:       history(10*time.Minute, `payments_attention{service="order-svc",instance="a"}`, "0+0x20"),
	},
	{
		Name: "RefundUnfinished", For: 10 * time.Minute, Severity: Ticket, Runbook: "payments",
		When:        when("max(refunds_oldest_open_seconds)", ">", 24*3600),
		Summary:     "A refund is not at its end after {{ $value | humanizeDuration }}",
		Description: "It was not sent, or the provider does not finish it. A customer waits for money.",
		Fires:       history(40*time.Minute, `refunds_oldest_open_seconds{service="order-svc",instance="a"}`, "86000+60x60"),
		Quiet: []Case{
			{At: 40 * time.Minute, Series: Inputs{`refunds_oldest_open_seconds{service="order-svc",instance="a"}`: "80000+60x60"}},
			{At: 40 * time.Minute, Series: Inputs{`refunds_oldest_open_seconds{service="order-svc",instance="a"}`: "86000+60x12 0+60x60"}}, // it ended
		},
	},
	{
		Name: "OrdersOverdue", For: 15 * time.Minute, Severity: Ticket, Runbook: "overdue",
		When:        when("max(orders_overdue)", ">", 10),
		Summary:     "{{ $value }} orders wait to be paid after their time",
		Description: "The routine expire_orders does not end them.",
		Fires:       history(30*time.Minute, `orders_overdue{service="order-svc",instance="a"}`, "0+2x40"),
		Quiet:       history(30*time.Minute, `orders_overdue{service="order-svc",instance="a"}`, "3+0x40"),
	},
	{
		Name: "WatchStale", For: 5 * time.Minute, Severity: Ticket, Runbook: "watch",
		When:        when("max by (service, check) (time() - watch_last_success_timestamp_seconds)", ">", 600),
		Summary:     "A replica of {{ $labels.service }} cannot count {{ $labels.check }}",
		Description: "Its gauges show what was {{ $value | humanizeDuration }} ago, or nothing, and the alerts on them are blind.",
		Fires: []Case{
			{At: 20 * time.Minute, Series: Inputs{`watch_last_success_timestamp_seconds{service="order-svc",instance="a",check="ledger"}`: "0+60x3 180+0x30"}},
			{At: 20 * time.Minute, Series: Inputs{`watch_last_success_timestamp_seconds{service="order-svc",instance="a",check="ledger"}`: "0+0x30"}}, // never
			{At: 20 * time.Minute, Series: Inputs{ // one replica of two
				`watch_last_success_timestamp_seconds{service="catalog-svc",instance="a",check="balance"}`: "0+60x30",
				`watch_last_success_timestamp_seconds{service="catalog-svc",instance="b",check="balance"}`: "0+0x30",
			}},
		},
		Quiet: history(40*time.Minute, `watch_last_success_timestamp_seconds{service="catalog-svc",instance="a",check="balance"}`, "0 0 0 0 0 0 300+0x6 780+0x6 1200+60x30"),
	},
}

var stockAlerts = []Alert{
	{
		Name: "StockOversellStopped", Severity: Ticket, Runbook: "stock",
		When:        when(grown("stock_oversell_guard_total", "1h", "service"), ">", 0),
		Summary:     "The database has stopped a sale of stock that was not there",
		Description: "Nothing was oversold. But the code should have refused it before: its own check has a mistake.",
		Fires: []Case{
			{At: 90 * time.Minute, Series: Inputs{`stock_oversell_guard_total{service="catalog-svc",instance="a"}`: "0+0x70 1+0x30"}},
			{At: 10 * time.Minute, Series: Inputs{`stock_oversell_guard_total{service="catalog-svc",instance="a"}`: "1+0x20"}}, // before it was first scraped
		},
		Quiet: []Case{
			{At: 90 * time.Minute, Series: Inputs{`stock_oversell_guard_total{service="catalog-svc",instance="a"}`: "0+0x100"}},
			{At: 90 * time.Minute, Series: Inputs{`stock_oversell_guard_total{service="catalog-svc",instance="a"}`: "2+0x100"}}, // long ago
		},
	},
	{
		Name: "StockImbalanced", For: 10 * time.Minute, Severity: Ticket, Runbook: "stock",
		When:        when("max(stock_imbalances)", ">", 0),
		Summary:     "The stock of {{ $value }} slippers is not what their history makes it",
		Description: "What came in, is held and was sold does not add up. It never mends itself.",
		Fires:       history(15*time.Minute, `stock_imbalances{service="catalog-svc",instance="a"}`, "1+0x20"),
		Quiet:       history(15*time.Minute, `stock_imbalances{service="catalog-svc",instance="a"}`, "0+0x20"),
	},
	{
		Name: "ReservationsOverdue", For: 15 * time.Minute, Severity: Ticket, Runbook: "overdue",
		When:        when("max(stock_reservations_overdue)", ">", 10),
		Summary:     "{{ $value }} reservations hold stock after their time",
		Description: "Customers see slippers as sold out that nobody will buy.",
		Fires:       history(30*time.Minute, `stock_reservations_overdue{service="catalog-svc",instance="a"}`, "0+2x40"),
		Quiet:       history(30*time.Minute, `stock_reservations_overdue{service="catalog-svc",instance="a"}`, "4+0x40"),
	},
}
