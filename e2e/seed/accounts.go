package seed

import "time"

const adminID = 1

// userID is the id of the user at a place in the shop: the administrator comes before all.
func userID(place int) int { return place + adminID + 1 }

// accountTables are the tables of auth-svc. Users share one hash: hashing is slow on purpose.
func (s *shop) accountTables(adminHash, userHash string) []table {
	return []table{{
		"auth.users",
		[]string{"id", "name", "surname", "phone_number", "password_hash", "is_admin", "created_at", "updated_at"},
		func(yield func([]any) bool) {
			since := s.now.AddDate(0, 0, -opened).Truncate(time.Second)
			if !yield([]any{adminID, "Slippers", "Admin", AdminPhone, adminHash, true, since, since}) {
				return
			}
			for i, u := range s.users {
				if !yield([]any{userID(i), u.name, u.surname, u.phone, userHash, false, u.created, u.created}) {
					return
				}
			}
		},
	}}
}
