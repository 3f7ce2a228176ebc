package order

import "github.com/google/uuid"

// ReleaseJob gives a reservation back. It is stored with the change that ends the order, and may run more than once.
type ReleaseJob struct {
	ReservationID uuid.UUID `json:"reservation_id"`
}

// Kind is the job's name in the database.
func (ReleaseJob) Kind() string { return "stock_release" }
