package store_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/testkit"
)

func (h house) code(t *testing.T, b account.Bundle) account.NewPassword {
	t.Helper()
	if err := h.Forgot(t.Context(), b.User.PhoneNumber, ""); err != nil {
		t.Fatal(err)
	}
	return account.NewPassword{
		PhoneNumber: b.User.PhoneNumber, Code: h.phone.codes[len(h.phone.codes)-1], Password: "even longer", Confirm: "even longer",
	}
}

func TestACodeChangesThePasswordOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.guest(t)
	n := h.code(t, b)
	var done, refused atomic.Int32
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			switch err := h.Reset(t.Context(), n); {
			case err == nil:
				done.Add(1)
			case errors.Is(err, account.ErrCode):
				refused.Add(1)
			default:
				t.Errorf("resetting: %v", err)
			}
		})
	}
	wg.Wait()
	if done.Load() != 1 || refused.Load() != 3 {
		t.Errorf("%d resets by one code and %d refused, want 1 and 3", done.Load(), refused.Load())
	}
	h.in(t, b, false)
	if len(h.heard.ended) != 1 {
		t.Errorf("announced %v, want one session", h.heard.ended)
	}
	if _, err := h.Login(t.Context(), account.Credentials{PhoneNumber: b.User.PhoneNumber, Password: "even longer"}); err != nil {
		t.Errorf("the new password: %v", err)
	}
}

func TestCodesCannotBeGuessed(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.guest(t)
	right := h.code(t, b)
	wrong := right
	wrong.Code = "1" + right.Code[1:]
	if right.Code[0] == '1' {
		wrong.Code = "2" + right.Code[1:]
	}
	for range account.CodeAttempts {
		if err := h.Reset(t.Context(), wrong); !errors.Is(err, account.ErrCode) {
			t.Errorf("a wrong code: %v", err)
		}
	}
	if err := h.Reset(t.Context(), right); !errors.Is(err, account.ErrCode) {
		t.Errorf("the right code after too many wrong ones: %v", err)
	}
	if err := h.Forgot(t.Context(), b.User.PhoneNumber, ""); err != nil || len(h.phone.codes) != 1 {
		t.Errorf("another code at once, %d in all, %v", len(h.phone.codes), err)
	}
	minute := `UPDATE auth.reset_codes SET expires_at = expires_at - interval '61 seconds'`
	if _, err := testkit.Superuser(t, h.db).Exec(t.Context(), minute); err != nil {
		t.Fatal(err)
	}
	if err := h.Reset(t.Context(), h.code(t, b)); err != nil {
		t.Errorf("the next code: %v", err)
	}
}

func TestCodesOfOthersAndLateOnesAreRefused(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.guest(t)
	n := h.code(t, b)
	stranger := n
	stranger.PhoneNumber = h.guest(t).User.PhoneNumber
	nobody := n
	nobody.PhoneNumber = number()
	for _, n := range []account.NewPassword{stranger, nobody} {
		if err := h.Reset(t.Context(), n); !errors.Is(err, account.ErrCode) {
			t.Errorf("%s: %v", n.PhoneNumber, err)
		}
	}
	if err := h.Forgot(t.Context(), nobody.PhoneNumber, ""); err != nil || len(h.phone.codes) != 1 {
		t.Errorf("nobody is told a code: %d, %v", len(h.phone.codes), err)
	}
	if _, err := testkit.Superuser(t, h.db).Exec(t.Context(), `UPDATE auth.reset_codes SET expires_at = now()`); err != nil {
		t.Fatal(err)
	}
	if err := h.Reset(t.Context(), n); !errors.Is(err, account.ErrCode) {
		t.Errorf("a late code: %v", err)
	}
	if err := h.Reset(t.Context(), account.NewPassword{Confirm: "x"}); broken(err) != "/phone_number /code /new_password /confirm_new_password" {
		t.Errorf("broken rules: %s", broken(err))
	}
	if err := h.Forgot(t.Context(), "90", ""); broken(err) != "/phone_number" {
		t.Errorf("broken rules: %s", broken(err))
	}
}
