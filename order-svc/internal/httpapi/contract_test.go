package httpapi_test

import (
	"encoding/json"
	"errors"
	"math"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
	"github.com/slippers-api/slippers/order-svc/internal/work"
)

var errDown = errors.New("connecting to hunter2@db: refused")

// What may be different in a shop.

func fails(err error) func(*shop) { return func(s *shop) { s.err = err } }

func catalogue(err error) func(*shop) { return func(s *shop) { s.catalogue = err } }

func is(status order.Status) func(*shop) { return func(s *shop) { s.status = status } }

func key(err error) func(*shop) { return func(s *shop) { s.keyErr = err } }

func done(o order.Outcome) func(*shop) { return func(s *shop) { s.done = &o } }

func noCart(s *shop) { s.lines = nil }

// ticket is the token of the guest whose cart it is.
var ticket = order.NewCartToken()

func guest(s *shop) { s.token = ticket }

func both(one, other func(*shop)) func(*shop) { return func(s *shop) { one(s); other(s) } }

func dear(s *shop) { s.price = math.MaxInt64 }

func TestEveryOperationKeepsTheContract(t *testing.T) {
	t.Parallel()
	const (
		k       = "Idempotency-Key: 8e03978e-40d5-43dd-bc93-6894a57f9324"
		one     = `{"slipper_id":3}`
		items   = `{"items":[{"slipper_id":3,"quantity":1,"notes":" wrap it "},{"slipper_id":3,"quantity":1}],"notes":" ring twice ","expected_total":258000}`
		wrong   = `{"items":[{"slipper_id":3,"quantity":2}],"expected_total":1.5}`
		partly  = `{"items":[{"slipper_id":3,"quantity":1}]}`
		ordered = `{"id":5,"order_id":5,"user_id":7,"user_name":"Aziza Karimova","status":"PENDING","total_amount":258000.00,`
		notice  = `{"shop_transaction_id":"0198f3a0-0000-7000-8000-000000000001","octo_payment_UUID":"0198f3a0-0000-7000-8000-000000000001","status":"succeeded","signature":"good","maskedPan":"8600"}`
		none    = `{"id":0,"items":[],"total_items":0,"total_quantity":0,"total_amount":0.00}`
		empty   = `{"id":2,"items":[],"total_items":0,"total_quantity":0,"total_amount":0.00}`
	)
	tok := "X-Cart-Token: " + ticket.String()
	away := catalogue(order.ErrCatalogueAway)
	short := order.ErrOutOfStock.With("unavailable", []order.Unavailable{{SlipperID: 3, Requested: 2, Available: 1}})
	paid, expired, cancelled := is(order.Paid), is(order.Expired), is(order.Cancelled)
	given, err := json.Marshal(first) // before
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		with     func(*shop)
		who      string
		request  string
		body     string
		headers  []string
		status   int
		contains string
	}{
		"cart":                  {nil, "user", "GET /cart", "", nil, 200, `"price":129000.00,"total_price":258000.00,"is_available":true}],"total_items":1,"total_quantity":2,"total_amount":258000.00}`},
		"cart, empty":           {noCart, "user", "GET /cart", "", nil, 200, empty},
		"cart, catalogue away":  {away, "user", "GET /cart", "", nil, 200, `[{"id":11,"slipper_id":3,"quantity":2,"name":null,"size":null,"image":null,"price":null,"total_price":null,"is_available":null}]`},
		"cart, catalogue wrong": {catalogue(errDown), "user", "GET /cart", "", nil, 500, `about:blank`},
		"cart, nobody":          {nil, "nobody", "GET /cart", "", nil, 200, none},
		"cart, guest":           {guest, "nobody", "GET /cart", "", []string{tok}, 200, `{"id":2,"items":[{"id":11,`},
		"cart, guest, gone":     {nil, "nobody", "GET /cart", "", []string{tok}, 200, none},
		"cart, guest, down":     {fails(errDown), "nobody", "GET /cart", "", []string{tok}, 500, `about:blank`},
		"cart, guest, nonsense": {guest, "nobody", "GET /cart", "", []string{"X-Cart-Token: x"}, 400, `/problems/cart-token-malformed`},
		"cart, user, nonsense":  {nil, "user", "GET /cart", "", []string{"X-Cart-Token: "}, 400, `/problems/cart-token-malformed`},
		"cart, two tokens":      {guest, "nobody", "GET /cart", "", []string{tok, tok}, 400, `/problems/cart-token-malformed`},
		"cart, merged":          {nil, "user", "GET /cart", "", []string{tok}, 200, `{"id":2,"items":[{"id":11,`},
		"cart, other scheme":    {guest, "basic", "GET /cart", "", []string{tok}, 401, `/problems/token-missing`},
		"cart, bad token":       {nil, "forgotten", "GET /cart", "", nil, 401, `/problems/token-invalid`},
		"cart, down":            {fails(errDown), "user", "GET /cart", "", nil, 500, `"title":"Internal Server Error"`},
		"cart, gone":            {fails(postgres.ErrDown), "user", "GET /cart", "", nil, 503, `/problems/database-unavailable`},
		"total":                 {nil, "user", "GET /cart/total", "", nil, 200, `{"total_items":1,"total_quantity":2,"total_amount":258000.00}`},
		"total, away":           {away, "user", "GET /cart/total", "", nil, 200, `{"total_items":1,"total_quantity":2,"total_amount":null}`},
		"total, nobody":         {nil, "nobody", "GET /cart/total", "", nil, 200, `{"total_items":0,"total_quantity":0,"total_amount":0.00}`},
		"total, guest":          {guest, "nobody", "GET /cart/total", "", []string{tok}, 200, `{"total_items":1,"total_quantity":2,"total_amount":258000.00}`},
		"total, nonsense":       {nil, "nobody", "GET /cart/total", "", []string{"X-Cart-Token: x"}, 400, `/problems/cart-token-malformed`},
		"total, down":           {fails(errDown), "user", "GET /cart/total", "", nil, 500, `about:blank`},
		"add":                   {nil, "user", "POST /cart/items", one, nil, 200, `"quantity":3,"name":"Felt slipper","size":"38-39","image":"/static/slippers/3/a.png"`},
		"add many":              {nil, "user", "POST /cart/items", `{"slipper_id":3,"quantity":498}`, nil, 200, `"is_available":false}],"total_items":1,"total_quantity":500`},
		"add, null":             {noCart, "user", "POST /cart/items", `{"slipper_id":3,"quantity":null}`, nil, 200, `"quantity":1,`},
		"add, unknown":          {nil, "user", "POST /cart/items", `{"slipper_id":4}`, nil, 422, `"pointer":"/slipper_id","detail":"names no slipper"`},
		"add, away":             {away, "user", "POST /cart/items", one, nil, 503, `/problems/catalogue-unavailable`},
		"add, full":             {fails(order.ErrCartFull), "user", "POST /cart/items", one, nil, 409, `/problems/cart-full`},
		"add, line full":        {fails(order.ErrCartLineFull), "user", "POST /cart/items", one, nil, 409, `/problems/cart-line-full`},
		"add, nobody":           {nil, "nobody", "POST /cart/items", one, nil, 200, `{"id":2,"items":[{"id":11,"slipper_id":3,"quantity":1,`},
		"add, guest":            {guest, "nobody", "POST /cart/items", one, []string{tok}, 200, `{"id":2,"items":[{"id":11,"slipper_id":3,"quantity":3,`},
		"add, guest, gone":      {nil, "nobody", "POST /cart/items", one, []string{tok}, 200, `{"id":2,"items":[{"id":11,"slipper_id":3,"quantity":1,`},
		"add, guest, full":      {both(guest, fails(order.ErrCartFull)), "nobody", "POST /cart/items", one, []string{tok}, 409, `/problems/cart-full`},
		"add, bad token":        {nil, "forgotten", "POST /cart/items", one, []string{tok}, 401, `/problems/token-invalid`},
		"add, down":             {fails(errDown), "user", "POST /cart/items", one, nil, 500, `about:blank`},
		"set":                   {nil, "user", "PUT /cart/items/11", `{"quantity":5}`, nil, 200, `"total_price":645000.00,"is_available":false}`},
		"set to none":           {nil, "user", "PUT /cart/items/11", `{"quantity":0}`, nil, 200, empty},
		"set, unknown":          {nil, "user", "PUT /cart/items/12", `{"quantity":5}`, nil, 404, `/problems/cart-item-not-found`},
		"set to none, unknown":  {nil, "user", "PUT /cart/items/12", `{"quantity":0}`, nil, 404, `/problems/cart-item-not-found`},
		"set, nobody":           {nil, "nobody", "PUT /cart/items/11", `{"quantity":5}`, nil, 404, `/problems/cart-item-not-found`},
		"set, guest":            {guest, "nobody", "PUT /cart/items/11", `{"quantity":5}`, []string{tok}, 200, `"total_price":645000.00,"is_available":false}`},
		"remove":                {nil, "user", "DELETE /cart/items/11", "", nil, 200, empty},
		"remove, unknown":       {nil, "user", "DELETE /cart/items/12", "", nil, 404, `/problems/cart-item-not-found`},
		"remove, nobody":        {nil, "nobody", "DELETE /cart/items/11", "", nil, 404, `/problems/cart-item-not-found`},
		"remove, guest":         {guest, "nobody", "DELETE /cart/items/11", "", []string{tok}, 200, empty},
		"clear":                 {nil, "user", "DELETE /cart/clear", "", nil, 200, empty},
		"clear, nobody":         {nil, "nobody", "DELETE /cart/clear", "", nil, 200, none},
		"clear, guest":          {guest, "nobody", "DELETE /cart/clear", "", []string{tok}, 200, empty},
		"clear, down":           {fails(errDown), "user", "DELETE /cart/clear", "", nil, 500, `about:blank`},

		"order the cart":             {nil, "user", "POST /orders/from-cart", "", nil, 201, ordered},
		"order the cart, clear":      {nil, "user", "POST /orders/from-cart?clear_cart=true", `{"notes":"x","expected_total":258000.0}`, []string{k}, 201, ordered + `"notes":"x","created_at":"2026-03-01T12:00:00.123456Z"`},
		"order the cart, nulls":      {nil, "user", "POST /orders/from-cart?clear_cart=false", `{"notes":null,"expected_total":null}`, nil, 201, ordered},
		"order the cart, empty":      {noCart, "user", "POST /orders/from-cart", "{}", nil, 400, `"type":"/problems/cart-empty","title":"Cart is empty","status":400,"detail":"Cart is empty"`},
		"order the cart, empty, key": {key(order.ErrCartEmpty), "user", "POST /orders/from-cart", "{}", []string{k}, 400, `/problems/cart-empty`},
		"order the cart, dearer":     {nil, "user", "POST /orders/from-cart", `{"expected_total":258000.01}`, []string{k}, 409, `"actual_total":258000.00,"expected_total":258000.01`},
		"order the cart, short":      {catalogue(short), "user", "POST /orders/from-cart", "", nil, 409, `"unavailable":[{"slipper_id":3,"requested":2,"available":1}]`},
		"order the cart, away":       {away, "user", "POST /orders/from-cart", "", []string{k}, 503, `/problems/catalogue-unavailable`},
		"order the cart, nobody":     {nil, "nobody", "POST /orders/from-cart", "", []string{k}, 401, `/problems/token-missing`},
		"order the cart, guest":      {guest, "nobody", "POST /orders/from-cart", "", []string{tok}, 401, `/problems/token-missing`},
		"order the cart, merged":     {nil, "user", "POST /orders/from-cart", "", []string{tok}, 201, ordered},
		"order the cart, nonsense":   {nil, "user", "POST /orders/from-cart", "", []string{"X-Cart-Token: x"}, 400, `/problems/cart-token-malformed`},
		"order the cart, down":       {fails(errDown), "user", "POST /orders/from-cart", "", nil, 500, `about:blank`},

		"order":              {nil, "user", "POST /orders/", items, nil, 201, `"items":[{"id":1,"slipper_id":3,"quantity":2,"unit_price":129000.00,"total_price":258000.00,"notes":"wrap it","name":"Felt slipper",`},
		"order, no slash":    {nil, "user", "POST /orders", items, []string{k}, 201, ordered + `"notes":"ring twice"`},
		"order, by an admin": {nil, "admin", "POST /orders/", items, nil, 201, `"user_id":1,"user_name":"Botir Alimov"`},
		"order, dearer":      {nil, "user", "POST /orders/", wrong, nil, 409, `"actual_total":258000.00,"expected_total":1.50`},
		"order, short":       {catalogue(short), "user", "POST /orders/", items, []string{k}, 409, `"type":"/problems/out-of-stock"`},
		"order, too dear":    {dear, "user", "POST /orders/", items, []string{k}, 422, `/problems/order-total-too-large`},
		"order, away":        {away, "user", "POST /orders/", items, nil, 503, `/problems/catalogue-unavailable`},
		"order, other body":  {key(order.ErrKeyReused), "user", "POST /orders/", partly, []string{k}, 422, `/problems/idempotency-key-reused`},
		"order, running":     {key(order.ErrInProgress), "user", "POST /orders/", partly, []string{k}, 409, `/problems/idempotency-in-progress`},
		"order, bad key":     {nil, "user", "POST /orders/", partly, []string{"Idempotency-Key: a b"}, 422, `/problems/idempotency-key-invalid`},
		"order, again":       {done(order.Outcome{Order: &first}), "user", "POST /orders/", partly, []string{k}, 201, ordered + `"notes":"ring twice"`},
		"order, nobody":      {nil, "nobody", "POST /orders/", items, nil, 401, `/problems/token-missing`},
		"order, down":        {fails(errDown), "user", "POST /orders/", items, []string{k}, 500, `about:blank`},

		"orders":            {nil, "user", "GET /orders/", "", nil, 200, `"total":3,"page":1,"pages":1,"has_next":false,"has_prev":false,"sort":"created_desc","next_cursor":null`},
		"orders, the first": {nil, "user", "GET /orders/?limit=2", "", nil, 200, `"page":1,"pages":2,"has_next":true,"has_prev":false,"sort":"created_desc","next_cursor":"`},
		"orders, no slash":  {nil, "user", "GET /orders?status=PENDING&limit=1&skip=2", "", nil, 200, `"page":3,"pages":3,"has_next":false,"has_prev":true,"sort":"created_desc","next_cursor":null`},
		"orders, finance":   {nil, "admin", "GET /orders/?finance=paid_refunded&status=PAID", "", nil, 200, `"items":[` + ordered},
		"orders, tampered":  {nil, "user", "GET /orders/?cursor=AAAA", "", nil, 400, `/problems/cursor-invalid`},
		"orders, unknown":   {nil, "user", "GET /orders/?state=PAID", "", nil, 422, `/problems/query-invalid`},
		"orders, nobody":    {nil, "nobody", "GET /orders/", "", nil, 401, `/problems/token-missing`},
		"orders, down":      {fails(errDown), "user", "GET /orders/", "", nil, 500, `about:blank`},

		"read":              {nil, "user", "GET /orders/5", "", nil, 200, ordered},
		"read, admin":       {nil, "admin", "GET /orders/5", "", nil, 200, ordered},
		"read, stranger":    {nil, "stranger", "GET /orders/5", "", nil, 404, `/problems/order-not-found`},
		"read, missing":     {nil, "user", "GET /orders/6", "", nil, 404, `/problems/order-not-found`},
		"read, nobody":      {nil, "nobody", "GET /orders/5", "", nil, 401, `/problems/token-missing`},
		"read, down":        {fails(errDown), "user", "GET /orders/5", "", nil, 500, `about:blank`},
		"notes":             {nil, "user", "PUT /orders/5", `{"notes":" no rush "}`, nil, 200, `"notes":"no rush"`},
		"notes, paid":       {paid, "user", "PUT /orders/5", `{"notes":"x"}`, nil, 409, `/problems/order-not-pending`},
		"notes, stranger":   {nil, "stranger", "PUT /orders/5", `{"notes":"x"}`, nil, 404, `/problems/order-not-found`},
		"nothing":           {nil, "user", "PUT /orders/5", `{"notes":null,"status":null}`, nil, 200, ordered},
		"pay":               {nil, "admin", "PUT /orders/5", `{"status":"PAID","notes":"cash"}`, nil, 200, `"status":"PAID","total_amount":258000.00,"notes":"cash"`},
		"pay, stock gone":   {catalogue(order.ErrStockGone), "admin", "PUT /orders/5", `{"status":"PAID"}`, nil, 409, `/problems/order-stock-gone`},
		"pay, away":         {away, "admin", "PUT /orders/5", `{"status":"PAID"}`, nil, 503, `/problems/catalogue-unavailable`},
		"pay, meanwhile":    {fails(order.ErrTransition), "admin", "PUT /orders/5", `{"status":"PAID"}`, nil, 409, `/problems/order-transition-refused`},
		"pay, owner":        {nil, "user", "PUT /orders/5", `{"status":"PAID"}`, nil, 403, `/problems/order-status-forbidden`},
		"pay, stranger":     {nil, "stranger", "PUT /orders/5", `{"status":"PAID"}`, nil, 404, `/problems/order-not-found`},
		"pay, nobody":       {nil, "nobody", "PUT /orders/5", `{"status":"PAID"}`, nil, 401, `/problems/token-missing`},
		"refund too early":  {nil, "admin", "PUT /orders/5", `{"status":"REFUNDED"}`, nil, 409, `"detail":"An order that is PENDING cannot become REFUNDED."`},
		"cancel":            {nil, "user", "POST /orders/5/cancel", "", nil, 200, `"status":"CANCELLED"`},
		"cancel, deaf":      {away, "admin", "POST /orders/5/cancel", "", nil, 200, `"status":"CANCELLED"`},
		"cancel, late":      {expired, "user", "POST /orders/5/cancel", "", nil, 409, `/problems/order-transition-refused`},
		"cancel, key":       {nil, "user", "POST /orders/5/cancel", "", []string{k}, 200, `"status":"CANCELLED"`},
		"cancel, again":     {both(expired, call(string(given), nil)), "user", "POST /orders/5/cancel", "", []string{k}, 200, ordered},
		"cancel, broke off": {cancelled, "user", "POST /orders/5/cancel", "", []string{k}, 200, `"status":"CANCELLED"`},
		"cancel, long ago":  {both(cancelled, begun(long.Add(1))), "user", "POST /orders/5/cancel", "", []string{k}, 409, `/problems/order-transition-refused`},
		"cancel, no key":    {cancelled, "user", "POST /orders/5/cancel", "", nil, 409, `/problems/order-transition-refused`},
		"cancel, by others": {cancelled, "admin", "POST /orders/5/cancel", "", []string{k}, 409, `/problems/order-transition-refused`},
		"cancel, running":   {call("", order.ErrInProgress), "user", "POST /orders/5/cancel", "", []string{k}, 409, `/problems/idempotency-in-progress`},
		"cancel, bad key":   {nil, "user", "POST /orders/5/cancel", "", []string{"Idempotency-Key: a b"}, 422, `/problems/idempotency-key-invalid`},
		"cancel, stranger":  {nil, "stranger", "POST /orders/5/cancel", "", nil, 404, `/problems/order-not-found`},
		"cancel, nobody":    {nil, "nobody", "POST /orders/5/cancel", "", nil, 401, `/problems/token-missing`},
		"delete":            {nil, "user", "DELETE /orders/5", "", nil, 200, `"status":"CANCELLED"`},
		"delete, paid":      {paid, "admin", "DELETE /orders/5", "", nil, 409, `/problems/order-transition-refused`},
		"delete, stranger":  {nil, "stranger", "DELETE /orders/5", "", nil, 404, `/problems/order-not-found`},
		"delete, nobody":    {nil, "nobody", "DELETE /orders/5", "", nil, 401, `/problems/token-missing`},
		"history":           {nil, "user", "GET /orders/5/history", "", nil, 200, `{"items":[{"created_at":"2026-03-01T12:00:00.123456Z","actor":"customer","actor_id":7,"from":null,"to":"PENDING","reason":"placed"},`},
		"history, admin":    {nil, "admin", "GET /orders/5/history", "", nil, 200, `"actor":"system","actor_id":null,"from":"PENDING","to":"EXPIRED"`},
		"history, stranger": {nil, "stranger", "GET /orders/5/history", "", nil, 404, `/problems/order-not-found`},
		"history, nobody":   {nil, "nobody", "GET /orders/5/history", "", nil, 401, `/problems/token-missing`},
		"history, down":     {fails(errDown), "user", "GET /orders/5/history", "", nil, 500, `about:blank`},

		"pay it":              {in(payment.Pending), "user", "POST /payments/octo/create", `{"order_id":5}`, nil, 200, `{"order_id":5,"redirect_url":"https://pay.octo.uz/pay/0198f3a0-0000-7000-8000-000000000001","payment_uuid":"0198f3a0-0000-7000-8000-000000000001"}`},
		"pay, first":          {nil, "user", "POST /payments/octo/create", `{"order_id":5}`, []string{k}, 200, `"redirect_url":"https://pay.octo.uz/`},
		"pay, the cart":       {nil, "user", "POST /payments/octo/create", "", []string{k}, 200, `{"order_id":5,`},
		"pay, merged":         {nil, "user", "POST /payments/octo/create", "", []string{tok}, 200, `{"order_id":5,`},
		"pay, nonsense":       {nil, "user", "POST /payments/octo/create", "", []string{"X-Cart-Token: x"}, 400, `/problems/cart-token-malformed`},
		"pay, empty cart":     {noCart, "user", "POST /payments/octo/create", "{}", nil, 400, `/problems/cart-empty`},
		"pay, again":          {call(`{"order_id":5,"redirect_url":"https://pay.octo.uz/pay/1","payment_uuid":"0198f3a0-0000-7000-8000-000000000001"}`, nil), "user", "POST /payments/octo/create", `{"order_id":5}`, []string{k}, 200, `"redirect_url":"https://pay.octo.uz/pay/1"`},
		"pay, running":        {call("", order.ErrInProgress), "user", "POST /payments/octo/create", `{"order_id":5}`, []string{k}, 409, `/problems/idempotency-in-progress`},
		"pay, other body":     {call("", order.ErrKeyReused), "user", "POST /payments/octo/create", `{"order_id":5}`, []string{k}, 422, `/problems/idempotency-key-reused`},
		"pay, paid":           {paid, "user", "POST /payments/octo/create", `{"order_id":5}`, nil, 409, `/problems/order-not-payable`},
		"pay, stranger's":     {nil, "stranger", "POST /payments/octo/create", `{"order_id":5}`, nil, 404, `/problems/order-not-found`},
		"pay, by an admin":    {nil, "admin", "POST /payments/octo/create", `{"order_id":5}`, nil, 404, `/problems/order-not-found`},
		"pay, unclear":        {provider(payment.ErrNoAnswer), "user", "POST /payments/octo/create", `{"order_id":5}`, []string{k}, 503, `/problems/payment-unclear`},
		"pay, refused":        {provider(payment.ErrDeclined), "user", "POST /payments/octo/create", `{"order_id":5}`, nil, 502, `/problems/payment-refused`},
		"pay it, nobody":      {nil, "nobody", "POST /payments/octo/create", "", nil, 401, `/problems/token-missing`},
		"pay it, down":        {fails(errDown), "user", "POST /payments/octo/create", `{"order_id":5}`, nil, 500, `about:blank`},
		"notice":              {nil, "nobody", "POST /payments/octo/notify", notice, nil, 200, `{"status":"ok"}`},
		"notice, of nothing":  {nil, "nobody", "POST /payments/octo/notify", strings.Replace(notice, "succeeded", "refunded", 1), nil, 200, `{"status":"ok"}`},
		"notice, forged":      {nil, "nobody", "POST /payments/octo/notify", strings.Replace(notice, "good", "bad", 1), nil, 403, `/problems/payment-callback-unsigned`},
		"notice, unreadable":  {nil, "nobody", "POST /payments/octo/notify", "{", nil, 400, `/problems/body-unreadable`},
		"notice, too large":   {nil, "nobody", "POST /payments/octo/notify", strings.Repeat("x", 100_000), nil, 413, `/problems/body-too-large`},
		"notice, down":        {fails(errDown), "nobody", "POST /payments/octo/notify", notice, nil, 500, `about:blank`},
		"refund":              {in(payment.Paid), "admin", "POST /payments/octo/refund", `{"order_id":5,"amount":13000}`, []string{k}, 200, `{"order_id":5,"refunds":[{"id":3,"refund_id":"0198f3a0-0000-7000-8000-000000000001","amount":13000.00,"state":"new",`},
		"refund, all":         {in(payment.Paid), "admin", "POST /payments/octo/refund", `{"order_id":5}`, nil, 200, `"amount":258000.00`},
		"refund, too much":    {in(payment.Paid), "admin", "POST /payments/octo/refund", `{"order_id":5,"amount":258000.01}`, nil, 409, `/problems/refund-refused`},
		"refund, too little":  {in(payment.Paid), "admin", "POST /payments/octo/refund", `{"order_id":5,"amount":12999.99}`, nil, 409, `/problems/refund-refused`},
		"refund, a rest":      {in(payment.Paid), "admin", "POST /payments/octo/refund", `{"order_id":5,"amount":250000}`, nil, 409, `/problems/refund-refused`},
		"refund, unpaid":      {nil, "admin", "POST /payments/octo/refund", `{"order_id":5}`, nil, 409, `/problems/refund-refused`},
		"refund, missing":     {nil, "admin", "POST /payments/octo/refund", `{"order_id":6}`, nil, 404, `/problems/order-not-found`},
		"refund, user":        {in(payment.Paid), "user", "POST /payments/octo/refund", `{"order_id":5}`, nil, 403, `/problems/`},
		"refund, nobody":      {nil, "nobody", "POST /payments/octo/refund", `{"order_id":5}`, nil, 401, `/problems/token-missing`},
		"refund, nothing":     {in(payment.Paid), "admin", "POST /payments/octo/refund", `{"order_id":0,"amount":0}`, nil, 422, `"errors":[{"pointer":"/order_id","detail":"must be an id"},{"pointer":"/amount",`},
		"pay, no order":       {nil, "user", "POST /payments/octo/create", `{"order_id":0}`, nil, 422, `"pointer":"/order_id"`},
		"payments":            {in(payment.Paid), "user", "GET /payments/5", "", nil, 200, `{"items":[{"id":4,"order_id":5,"state":"paid","amount":258000.00,"refunded":0.00,"payment_uuid":"0198f3a0-0000-7000-8000-000000000001","created_at":"2026-03-01T12:00:00.123456Z","refunds":[{"id":3,`},
		"payments, admin":     {nil, "admin", "GET /payments/5", "", nil, 200, `"payment_uuid":null,"attention":"look at it"`},
		"payments, stranger":  {nil, "stranger", "GET /payments/5", "", nil, 404, `/problems/order-not-found`},
		"payments, nobody":    {nil, "nobody", "GET /payments/5", "", nil, 401, `/problems/token-missing`},
		"payments, down":      {fails(errDown), "user", "GET /payments/5", "", nil, 500, `about:blank`},
		"attention":           {nil, "admin", "GET /admin/payments", "", nil, 200, `"attention":"look at it"`},
		"attention, user":     {nil, "user", "GET /admin/payments", "", nil, 403, `/problems/`},
		"attention, nobody":   {nil, "nobody", "GET /admin/payments", "", nil, 401, `/problems/token-missing`},
		"settle":              {in(payment.Held), "admin", "POST /admin/payments/4/settle", `{"capture":true}`, nil, 200, `"state":"held"`},
		"settle, unsaid":      {in(payment.Held), "admin", "POST /admin/payments/4/settle", `{"capture":null}`, nil, 422, `"errors":[{"pointer":"/capture","detail":"is required"}]`},
		"settle, open":        {in(payment.Pending), "admin", "POST /admin/payments/4/settle", `{"capture":true}`, nil, 409, `/problems/payment-not-held`},
		"settle, missing":     {nil, "admin", "POST /admin/payments/7/settle", `{"capture":true}`, nil, 404, `/problems/payment-not-found`},
		"settle, user":        {nil, "user", "POST /admin/payments/4/settle", `{"capture":true}`, nil, 403, `/problems/`},
		"settle, nobody":      {nil, "nobody", "POST /admin/payments/4/settle", `{"capture":true}`, nil, 401, `/problems/token-missing`},
		"attend":              {nil, "admin", "POST /admin/payments/4/attention", `{"note":" asked OCTO\n"}`, nil, 200, `{"id":4,"order_id":5,"state":"new",`},
		"attend, not due":     {in(payment.Paid), "admin", "POST /admin/payments/4/attention", `{"note":"asked OCTO"}`, nil, 409, `/problems/payment-needs-nobody`},
		"attend, missing":     {nil, "admin", "POST /admin/payments/7/attention", `{"note":"asked OCTO"}`, nil, 404, `/problems/payment-not-found`},
		"attend, no note":     {nil, "admin", "POST /admin/payments/4/attention", `{"note":" "}`, nil, 422, `"pointer":"/note"`},
		"attend, long note":   {nil, "admin", "POST /admin/payments/4/attention", `{"note":"` + strings.Repeat("ш", 1001) + `"}`, nil, 422, `"pointer":"/note"`},
		"attend, user":        {nil, "user", "POST /admin/payments/4/attention", `{"note":"asked OCTO"}`, nil, 403, `/problems/`},
		"attend, nobody":      {nil, "nobody", "POST /admin/payments/4/attention", `{"note":"asked OCTO"}`, nil, 401, `/problems/token-missing`},
		"decide, it went":     {nil, "admin", "POST /admin/refunds/3/settle", `{"succeeded":true,"note":"asked OCTO"}`, nil, 200, `"state":"succeeded"`},
		"decide, it did not":  {nil, "admin", "POST /admin/refunds/3/settle", `{"succeeded":false,"note":"asked OCTO"}`, nil, 200, `"state":"failed"`},
		"decide, known":       {in(payment.Paid), "admin", "POST /admin/refunds/3/settle", `{"succeeded":true,"note":"asked OCTO"}`, nil, 409, `/problems/refund-not-unclear`},
		"decide, missing":     {nil, "admin", "POST /admin/refunds/7/settle", `{"succeeded":true,"note":"asked OCTO"}`, nil, 404, `/problems/payment-not-found`},
		"decide, nothing":     {nil, "admin", "POST /admin/refunds/3/settle", `{"note":"asked OCTO"}`, nil, 422, `"pointer":"/succeeded"`},
		"decide, no note":     {nil, "admin", "POST /admin/refunds/3/settle", `{"succeeded":true,"note":""}`, nil, 422, `"pointer":"/note"`},
		"decide, user":        {nil, "user", "POST /admin/refunds/3/settle", `{"succeeded":true,"note":"asked OCTO"}`, nil, 403, `/problems/`},
		"decide, nobody":      {nil, "nobody", "POST /admin/refunds/3/settle", `{"succeeded":true,"note":"asked OCTO"}`, nil, 401, `/problems/token-missing`},
		"jobs":                {nil, "admin", "GET /admin/jobs?state=discarded", "", nil, 200, `{"items":[{"id":2,"kind":"order_claim","args":{"payment_id":4},"state":"discarded","attempt":15,"max_attempts":15,`},
		"jobs, unknown state": {nil, "admin", "GET /admin/jobs?state=x", "", nil, 422, `"parameter":"state"`},
		"jobs, user":          {nil, "user", "GET /admin/jobs", "", nil, 403, `/problems/`},
		"jobs, nobody":        {nil, "nobody", "GET /admin/jobs", "", nil, 401, `/problems/token-missing`},
		"retry":               {nil, "admin", "POST /admin/jobs/2/retry", "", nil, 200, `"kind":"order_claim"`},
		"retry, missing":      {nil, "admin", "POST /admin/jobs/3/retry", "", nil, 404, `/problems/job-not-found`},
		"retry, a double":     {fails(work.ErrDouble), "admin", "POST /admin/jobs/2/retry", "", nil, 409, `/problems/job-waiting-already`},
		"retry, user":         {nil, "user", "POST /admin/jobs/2/retry", "", nil, 403, `/problems/`},
		"retry, nobody":       {nil, "nobody", "POST /admin/jobs/2/retry", "", nil, 401, `/problems/token-missing`},
		"statement":           {nil, "admin", "GET /admin/statement?from=2026-03-01&to=2026-04-01T00:00:00Z", "", nil, 200, `"account":"sales","amount":-258000.00,"order_id":5,"payment_id":4,"refund_id":3}],"to":"2026-04-01T00:00:00Z"}`},
		"statement, csv":      {nil, "admin", "GET /admin/statement?format=csv", "", nil, 200, "2,2026-03-01T12:00:00.123456Z,sales,-258000.00,5,4,3\n"},
		"statement, first":    {nil, "admin", "GET /admin/statement?to=0001-01-01", "", nil, 200, `"to":"0001-01-01T00:00:00Z"}`},
		"statement, last":     {nil, "admin", "GET /admin/statement?to=9999-12-31T23:59:59Z", "", nil, 200, `"to":"9999-12-31T23:59:59Z"}`},
		"statement, bad day":  {nil, "admin", "GET /admin/statement?from=yesterday", "", nil, 422, `"parameter":"from"`},
		"statement, user":     {nil, "user", "GET /admin/statement", "", nil, 403, `/problems/`},
		"statement, nobody":   {nil, "nobody", "GET /admin/statement", "", nil, 401, `/problems/token-missing`},

		"pool":                  {nil, "service", "GET /internal/db-pool", "", nil, 200, `"status":"healthy"`},
		"pool, without secret":  {nil, "nobody", "GET /internal/db-pool", "", nil, 404, `about:blank`},
		"pool, for an admin":    {nil, "admin", "GET /internal/db-pool", "", nil, 404, `about:blank`},
		"slow queries":          {nil, "service", "GET /internal/slow-queries", "", nil, 200, `{"available":true,"since":"2026-03-01T12:00:00Z","queries":[{"query":"SELECT $1"`},
		"slow queries, unknown": {nil, "service", "GET /internal/slow-queries?limit=1", "", nil, 200, `{"available":false,"reason":"`},
		"slow queries, many":    {nil, "service", "GET /internal/slow-queries?limit=101", "", nil, 422, `"parameter":"limit"`},
		"missing indexes":       {nil, "service", "GET /internal/missing-indexes", "", nil, 200, `"idx_scan":null`},
		"copies":                {nil, "service", "GET /internal/cache", "", nil, 200, `"hit_ratio":null`},
	}
	contract := testkit.NewContract(t, "../../openapi.yaml")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			u := serve(t, tt.with)
			rec := httptest.NewRecorder()
			contract.Check(t, u).ServeHTTP(rec, u.request(t, tt.request, tt.who, tt.body, tt.headers...))
			if rec.Code != tt.status || !strings.Contains(rec.Body.String(), tt.contains) {
				t.Errorf("%s = %d %s\nwant %d with %s", tt.request, rec.Code, rec.Body, tt.status, tt.contains)
			}
			if strings.Contains(rec.Body.String(), "hunter2") {
				t.Error("the client reads what is for our log")
			}
			for header, due := range map[string]bool{
				"WWW-Authenticate": rec.Code == 401,
				"Location":         rec.Code == 201,
				"Retry-After":      rec.Code == 503 || strings.Contains(rec.Body.String(), "in-progress"),
			} {
				if got := rec.Header().Get(header); (got != "") != due {
					t.Errorf("%d with %s: %q", rec.Code, header, got)
				}
			}
			if keeps := rec.Header().Get("Cache-Control"); keeps != "no-store" {
				t.Errorf("Cache-Control: %q, want no-store", keeps)
			}
		})
	}
	contract.SameRoutes(t, serve(t).Echo)
}
