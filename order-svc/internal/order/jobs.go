package order

import "github.com/google/uuid"

// ReturnJob gives the reservation of an order back. It is stored with the change that ends the order, and may run more
// than once.
type ReturnJob struct {
	ReservationID uuid.UUID `json:"reservation_id"`
}

// Kind is the job's name in the database.
func (ReturnJob) Kind() string { return "stock_return" }
