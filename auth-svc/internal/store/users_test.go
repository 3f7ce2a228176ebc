package store_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/auth-svc/internal/store"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/testkit"
)

func TestANumberBelongsToOneUser(t *testing.T) {
	t.Parallel()
	h := open(t)
	n := account.NewUser{Name: "Aziza", Surname: "Karimova", PhoneNumber: number(), Password: password, Confirm: password}
	var made, refused atomic.Int32
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			switch _, err := h.Register(t.Context(), n); {
			case err == nil:
				made.Add(1)
			case errors.Is(err, account.ErrPhoneTaken):
				refused.Add(1)
			default:
				t.Errorf("registering: %v", err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 || refused.Load() != 9 {
		t.Errorf("%d registered and %d were refused, want 1 and 9", made.Load(), refused.Load())
	}
	b := h.guest(t)
	if _, err := h.Own(t.Context(), b.User.ID, "", account.Change{PhoneNumber: &n.PhoneNumber}, account.PasswordChange{}); !errors.Is(err, account.ErrPhoneTaken) {
		t.Errorf("taking another's number: %v", err)
	}
}

func TestLoginNeedsBoth(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.guest(t)
	for _, tt := range [][2]string{{b.User.PhoneNumber, "another one"}, {number(), password}} {
		if _, err := h.Login(t.Context(), account.Credentials{PhoneNumber: tt[0], Password: tt[1]}); !errors.Is(err, account.ErrLogin) {
			t.Errorf("%q: %v", tt, err)
		}
	}
	again, err := h.Login(t.Context(), account.Credentials{PhoneNumber: " " + b.User.PhoneNumber + " ", Password: password})
	if err != nil || again.User.ID != b.User.ID || again.AccessToken == b.AccessToken {
		t.Errorf("logging in gives %+v, %v", again, err)
	}
}

// A costlier hash reaches each user at their next login.
func TestLoginMakesOutdatedHashesAnew(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.guest(t)
	dearer, err := account.NewPasswords(account.PasswordConfig{Scheme: account.Bcrypt, BcryptCost: bcrypt.MinCost + 1})
	if err != nil {
		t.Fatal(err)
	}
	h.Entry.Passwords = dearer
	h.again(t, b)
	u, err := h.users.Get(t.Context(), b.User.ID)
	if err != nil || u.PasswordHash == b.User.PasswordHash {
		t.Errorf("the hash stays, %v", err)
	}
	h.again(t, b)
	if same, err := h.users.Get(t.Context(), b.User.ID); err != nil || same.PasswordHash != u.PasswordHash {
		t.Errorf("a current hash is made anew, %v", err)
	}
}

func TestANewPasswordEndsTheOtherSessions(t *testing.T) {
	t.Parallel()
	h := open(t)
	here := h.guest(t)
	there, id := h.again(t, here), here.User.ID
	wrong := account.PasswordChange{Current: new("another one"), New: new("even longer"), Confirm: new("even longer")}
	if _, err := h.Own(t.Context(), id, here.AccessToken, account.Change{Name: new("Zuhra")}, wrong); !errors.Is(err, account.ErrPassword) {
		t.Errorf("with a wrong password: %v", err)
	}
	if u, err := h.users.Get(t.Context(), id); u.Name != "Aziza" || err != nil {
		t.Errorf("half of a refused change is there: %+v, %v", u, err)
	}
	right := account.PasswordChange{Current: new(password), New: new("even longer"), Confirm: new("even longer")}
	u, err := h.Own(t.Context(), id, here.AccessToken, account.Change{Name: new(" Zuhra ")}, right)
	if err != nil || u.Name != "Zuhra" || u.Surname != "Karimova" || !u.UpdatedAt.After(here.User.UpdatedAt) {
		t.Errorf("changed to %+v, %v", u, err)
	}
	h.in(t, here, true)
	h.in(t, there, false)
	if !slices.Equal(h.heard.ended, []string{there.AccessToken}) {
		t.Errorf("announced %v, want %s", h.heard.ended, there.AccessToken)
	}
	if _, err := h.Login(t.Context(), account.Credentials{PhoneNumber: here.User.PhoneNumber, Password: password}); !errors.Is(err, account.ErrLogin) {
		t.Errorf("the old password gives %v", err)
	}
}

func TestAnotherRoleEndsAllSessions(t *testing.T) {
	t.Parallel()
	h := open(t)
	b, admin := h.guest(t), h.guest(t).User.ID
	if u, err := h.Other(t.Context(), admin, b.User.ID, account.Change{Surname: new("Alimova"), Admin: new(false)}, nil); err != nil || u.Surname != "Alimova" {
		t.Errorf("changed to %+v, %v", u, err)
	}
	if len(h.heard.ended) != 0 {
		t.Error("a change of name ends sessions")
	}
	if u, err := h.Other(t.Context(), admin, b.User.ID, account.Change{Admin: new(true)}, nil); err != nil || !u.Admin {
		t.Errorf("changed to %+v, %v", u, err)
	}
	h.in(t, b, false)
	if _, err := h.Other(t.Context(), admin, admin, account.Change{Admin: new(false)}, nil); !errors.Is(err, account.ErrOneself) {
		t.Errorf("an administrator demotes themself: %v", err)
	}
	if _, err := h.Other(t.Context(), admin, 1<<40, account.Change{}, nil); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("changing nobody: %v", err)
	}
}

func TestOfADeletedUserNothingPersonalIsLeft(t *testing.T) {
	t.Parallel()
	h := open(t)
	b, admin := h.guest(t), h.guest(t).User.ID
	if err := h.Forgot(t.Context(), b.User.PhoneNumber, ""); err != nil {
		t.Fatal(err)
	}
	if err := h.Delete(t.Context(), admin, b.User.ID); err != nil {
		t.Fatal(err)
	}
	h.in(t, b, false)
	for what, err := range map[string]error{
		"reading":       second(h.users.Get(t.Context(), b.User.ID)),
		"by phone":      second(h.users.ByPhone(t.Context(), b.User.PhoneNumber)),
		"deleting":      h.Delete(t.Context(), admin, b.User.ID),
		"changing":      second(h.Other(t.Context(), admin, b.User.ID, account.Change{}, nil)),
		"nobody at all": h.Delete(t.Context(), admin, 1<<40),
	} {
		if !errors.Is(err, account.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := h.Delete(t.Context(), admin, admin); !errors.Is(err, account.ErrOneself) {
		t.Errorf("an administrator deletes themself: %v", err)
	}
	var left string
	const query = `SELECT u::text FROM auth.users u WHERE id = $1`
	if err := testkit.Superuser(t, h.db).QueryRow(t.Context(), query, b.User.ID).Scan(&left); err != nil {
		t.Fatal(err)
	}
	for _, personal := range []string{"Aziza", "Karimova", b.User.PhoneNumber, b.User.PasswordHash} {
		if strings.Contains(left, personal) {
			t.Errorf("%s is left in %s", personal, left)
		}
	}
	if n := rows(t, h, "auth.reset_codes"); n != 0 {
		t.Error("a reset code is left")
	}
	again := account.NewUser{Name: "Somebody", Surname: "Else", PhoneNumber: b.User.PhoneNumber, Password: password, Confirm: password}
	if _, err := h.Register(t.Context(), again); err != nil {
		t.Errorf("the number is not free again: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestUserListsFindAndPage(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, n := range [][2]string{{"Aziza", "Karimova"}, {"Botir", "Karimov"}, {"100%", "O'zbek_"}} {
		if _, err := h.users.Create(t.Context(), account.User{Name: n[0], Surname: n[1], PhoneNumber: number(), PasswordHash: "x", Admin: n[0] == "Botir"}); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		filter account.Filter
		page   page.Request
		want   string
		total  int64
	}{
		"all":              {account.Filter{}, page.Request{Limit: 10}, "100% Botir Aziza", 3},
		"the second":       {account.Filter{}, page.Request{Limit: 1, Skip: 1}, "Botir Aziza", 3},
		"past the last":    {account.Filter{}, page.Request{Limit: 10, Skip: 10}, "", 3},
		"after the first":  {account.Filter{}, page.Request{Limit: 1, After: &page.Position{ID: 3}}, "Botir Aziza", 3},
		"admins":           {account.Filter{Admin: new(true)}, page.Request{Limit: 10}, "Botir", 1},
		"others":           {account.Filter{Admin: new(false)}, page.Request{Limit: 10}, "100% Aziza", 2},
		"by surname":       {account.Filter{Search: "kARIM"}, page.Request{Limit: 10}, "Botir Aziza", 2},
		"by both":          {account.Filter{Search: "a Kar"}, page.Request{Limit: 10}, "Aziza", 1},
		"by phone":         {account.Filter{Search: "+99890"}, page.Request{Limit: 1}, "100% Botir", 3},
		"percent literal":  {account.Filter{Search: "0%"}, page.Request{Limit: 10}, "100%", 1},
		"underline too":    {account.Filter{Search: "k_"}, page.Request{Limit: 10}, "100%", 1},
		"backslash no one": {account.Filter{Search: `\`}, page.Request{Limit: 10}, "", 0},
		"quote":            {account.Filter{Search: `O'z`, Admin: new(false)}, page.Request{Limit: 10}, "100%", 1},
	} {
		users, total, err := h.users.List(t.Context(), tt.filter, tt.page)
		var names []string
		for _, u := range users {
			names = append(names, u.Name)
		}
		if got := strings.Join(names, " "); got != tt.want || total != tt.total || err != nil {
			t.Errorf("%s: %q of %d, %v, want %q of %d", name, got, total, err, tt.want, tt.total)
		}
	}
}

func TestUserListsNeverReadTheWholeTable(t *testing.T) {
	t.Parallel()
	var queries testkit.Queries
	db := testkit.PostgresTraced(t, &queries)
	super := testkit.Superuser(t, db)
	for _, statement := range []string{
		`INSERT INTO auth.users (name, surname, phone_number, password_hash, is_admin)
			SELECT 'Name ' || md5(n::text), 'Surname', '+99890' || lpad(n::text, 7, '0'), repeat('x', 75), n % 1000 = 0 FROM generate_series(1, 100000) n`,
	} {
		if _, err := super.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	testkit.Vacuum(t, super, "auth.users")
	for name, tt := range map[string]struct {
		filter account.Filter
		page   page.Request
	}{
		"all":      {account.Filter{}, page.Request{Limit: 20}},
		"deep":     {account.Filter{}, page.Request{Limit: 20, After: &page.Position{ID: 5000}}},
		"admins":   {account.Filter{Admin: new(true)}, page.Request{Limit: 20}},
		"others":   {account.Filter{Admin: new(false)}, page.Request{Limit: 20}},
		"a search": {account.Filter{Search: "c4ca42"}, page.Request{Limit: 20}},
		"by phone": {account.Filter{Search: "+998900012345", Admin: new(false)}, page.Request{Limit: 20}},
	} {
		if _, _, err := store.NewUsers(db, nil).List(t.Context(), tt.filter, tt.page); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sent := queries.Take()
		if len(sent) != 2 {
			t.Errorf("%s takes %d statements, want a page and a count", name, len(sent))
		}
		for _, s := range sent {
			if plan := testkit.Plan(t, db, s); strings.Contains(plan, "Seq Scan on users") {
				t.Errorf("%s reads every user:\n%s\n%s", name, s.SQL, plan)
			}
		}
		queries.Take()
	}
}
