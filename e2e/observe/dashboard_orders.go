package observe

func ordersAndMoney() Dashboard {
	const at, stock = `service="order-svc"`, `service="catalog-svc"`
	const unclear = `outcome="unclear",` + at
	return Dashboard{
		Name: "orders", Title: "Slippers: orders and money",
		About: "Whether customers order and pay, whether the provider answers, and whether money and stock add up.",
		Rows: []Row{
			{"Do customers order and pay?", []Panel{
				{
					Title: "Orders", Unit: PerSec,
					About:   "Orders that became this. Without faults PAID follows PENDING within minutes; many EXPIRED were not paid.",
					Queries: one(rate("orders_entered_total", at, "status"), "{{status}}"),
				},
				{
					Title: "Payments", Unit: PerSec, About: "Payments that became this. new without registered: the provider does not take them.",
					Queries: one(rate("payments_entered_total", at, "state"), "{{state}}"),
				},
				{
					Title: "Refunds", Unit: PerSec, About: "Refunds that became this. failed needs a person.",
					Queries: one(rate("refunds_entered_total", at, "state"), "{{state}}"),
				},
			}},
			{"Does it add up?", []Panel{
				{
					Title: "Unexplained money", Unit: Count, Single: true, Thresholds: never(),
					About:   "In minor units: what payments and the ledger tell differently.",
					Queries: one(gauge("max", "ledger_unexplained_amount", at), "minor units"),
				},
				{
					Title: "Slippers out of balance", Unit: Count, Single: true, Thresholds: never(),
					About:   "Slippers whose stock is not what their history makes it.",
					Queries: one(gauge("max", "stock_imbalances", stock), "slippers"),
				},
				{
					Title: "Sales that only the database stopped", Unit: Count, Single: true, Thresholds: never(),
					About:   "Since the replicas started. The code should have refused them.",
					Queries: one(gauge("sum", "stock_oversell_guard_total", stock), "sales"),
				},
				{
					Title: "Payments that need a person", Unit: Count, Single: true, Thresholds: never(),
					About:   "GET /admin/payments lists them with the reason.",
					Queries: one(gauge("max", "payments_attention", at), "payments"),
				},
				{
					Title: "Age of these numbers", Unit: Seconds, Thresholds: rising(400, 600),
					About:   "Since they were last read from the database, by check, on the replica that is furthest behind. The balance of stock is made every five minutes.",
					Queries: one("max by (service, check) (time() - watch_last_success_timestamp_seconds)", "{{service}} {{check}}"),
				},
			}},
			{"Does the provider answer?", []Panel{
				{
					Title: "Calls", Unit: PerSec, Stacked: true,
					About:   "By what came of them. unclear may have been done or not, and is read back later.",
					Queries: one(rate("octo_call_duration_seconds_count", at, "call", "outcome"), "{{call}} {{outcome}}"),
				},
				{
					Title: "Unclear calls", Unit: Part, Thresholds: rising(.05, .2),
					About:   "The part of calls that had no clear answer.",
					Queries: one(rate("octo_call_duration_seconds_count", unclear)+" / "+rate("octo_call_duration_seconds_count", at), "unclear"),
				},
				{
					Title: "Time of calls", Unit: Seconds, Thresholds: rising(2.5, 5),
					About:   "The 99th percentile. The buyer waits for prepare_payment.",
					Queries: one(quantile(.99, "octo_call_duration_seconds", at, "call"), "{{call}}"),
				},
				{
					Title: "Circuit", Unit: Count, Thresholds: never(),
					About:   "1 while calls are refused at once, because the provider did not answer.",
					Queries: one("octo_circuit_open{"+at+"}", "{{instance}}"),
				},
				{
					Title: "Unknown statuses", Unit: PerSec, Thresholds: rising(.0001, .01),
					About:   "Statuses that we do not know. They change nothing; somebody must ask what they mean.",
					Queries: one(rate("octo_unknown_statuses_total", at, "where"), "{{where}}"),
				},
				{
					Title: "Certificate", Unit: Seconds, Single: true, Thresholds: falling(14*24*3600, 30*24*3600),
					About:   "Until the provider's TLS certificate ends.",
					Absent:  "seen with the first call over TLS; octosim speaks plain http",
					Queries: one("min(octo_certificate_not_after_timestamp_seconds{"+at+"}) - time()", "left"),
				},
			}},
			{"What is open?", []Panel{
				{
					Title: "Orders that wait", Unit: Count,
					About:   "Orders that are not paid yet, and those whose time is over: a routine ends them every few seconds.",
					Queries: []Query{{gauge("max", "orders_pending", at), "pending"}, {gauge("max", "orders_overdue", at), "overdue"}},
				},
				{
					Title: "Payments that are open", Unit: Count, About: "held waits for an administrator to take the money or let it go.",
					Queries: one("max by (state) (payments_open{"+at+"})", "{{state}}"),
				},
				{
					Title: "Refunds that are open", Unit: Count, About: "Not sent yet, or not answered for yet.",
					Queries: one("max by (state) (refunds_open{"+at+"})", "{{state}}"),
				},
				{
					Title: "Longest open refund", Unit: Seconds, Thresholds: rising(6*3600, 24*3600),
					About:   "Since it was asked for. The provider may take hours; after a day somebody must ask.",
					Queries: one(gauge("max", "refunds_oldest_open_seconds", at), "open"),
				},
				{
					Title: "Longest unread payment", Unit: Seconds, Thresholds: rising(900, 1800),
					About:   "For how long the provider has not said what became of an open payment. About 60 is normal, 900 the most for old ones.",
					Queries: one(gauge("max", "payments_oldest_unread_seconds", at), "unread"),
				},
			}},
			{"Stock", []Panel{
				{
					Title: "Reservations", Unit: PerSec, About: "refused had nothing left to take; expired were held and never sold.",
					Queries: one(rate("stock_reservation_events_total", stock, "event"), "{{event}}"),
				},
				{
					Title: "Held", Unit: Count, About: "Reservations that hold stock, and those that do so after their time.",
					Queries: []Query{
						{gauge("max", "stock_reservations_held", stock), "held"}, {gauge("max", "stock_reservations_overdue", stock), "overdue"},
					},
				},
				{
					Title: "Out of stock", Unit: Count, About: "Slippers for sale of which nothing is left.",
					Queries: one(gauge("max", "slippers_out_of_stock", stock), "slippers"),
				},
			}},
		},
	}
}
