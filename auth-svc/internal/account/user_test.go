package account_test

import (
	"strings"
	"testing"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/fault"
)

// broken returns the pointers that a fault names.
func broken(err error) string {
	var all []string
	if f := fault.Of(err); f != nil {
		for _, b := range f.Broken {
			all = append(all, b.Pointer)
		}
	}
	return strings.Join(all, " ")
}

func TestNewUserRules(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*account.NewUser)
		want   string
	}{
		"sound":              {func(*account.NewUser) {}, ""},
		"spaces around":      {func(n *account.NewUser) { n.Name, n.PhoneNumber = " Aziza\t", " +998901234567 " }, ""},
		"shortest name":      {func(n *account.NewUser) { n.Name = "Ўқ" }, ""},
		"longest name":       {func(n *account.NewUser) { n.Name = strings.Repeat("ш", 100) }, ""},
		"name too short":     {func(n *account.NewUser) { n.Name = " A " }, "/name"},
		"name too long":      {func(n *account.NewUser) { n.Surname = strings.Repeat("ш", 101) }, "/surname"},
		"shortest number":    {func(n *account.NewUser) { n.PhoneNumber = "+12345678" }, ""},
		"longest number":     {func(n *account.NewUser) { n.PhoneNumber = "+123456789012345" }, ""},
		"number too short":   {func(n *account.NewUser) { n.PhoneNumber = "+1234567" }, "/phone_number"},
		"number too long":    {func(n *account.NewUser) { n.PhoneNumber = "+1234567890123456" }, "/phone_number"},
		"number without +":   {func(n *account.NewUser) { n.PhoneNumber = "998901234567" }, "/phone_number"},
		"country zero":       {func(n *account.NewUser) { n.PhoneNumber = "+098901234567" }, "/phone_number"},
		"number with spaces": {func(n *account.NewUser) { n.PhoneNumber = "+998 90 123 45 67" }, "/phone_number"},
		"number in two":      {func(n *account.NewUser) { n.PhoneNumber = "+998901234567\n+998901234568" }, "/phone_number"},
		"other digits":       {func(n *account.NewUser) { n.PhoneNumber = "+٩٩٨٩٠١٢٣٤٥٦٧" }, "/phone_number"},
		"shortest password":  {func(n *account.NewUser) { n.Password, n.Confirm = "пароль78", "пароль78" }, ""},
		"password too short": {func(n *account.NewUser) { n.Password, n.Confirm = "пароль7", "пароль7" }, "/password"},
		"password too long": {
			func(n *account.NewUser) { n.Password, n.Confirm = strings.Repeat("x", 129), strings.Repeat("x", 129) }, "/password",
		},
		"spaces in passwords count": {func(n *account.NewUser) { n.Password = n.Confirm + " " }, "/confirm_password"},
		"all at once": {
			func(n *account.NewUser) { *n = account.NewUser{Confirm: "x"} }, "/name /surname /phone_number /password /confirm_password",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := account.NewUser{
				Name: "Aziza", Surname: "Karimova", PhoneNumber: "+998901234567", Password: "long enough", Confirm: "long enough",
			}
			tt.change(&n)
			if got := broken(n.Trimmed().Validate()); got != tt.want {
				t.Errorf("broken: %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOwnChangeRules(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change   account.Change
		password account.PasswordChange
		want     string
	}{
		"nothing":          {account.Change{}, account.PasswordChange{}, ""},
		"a name":           {account.Change{Name: new("Aziza")}, account.PasswordChange{}, ""},
		"an empty name":    {account.Change{Name: new(" ")}, account.PasswordChange{}, "/name"},
		"a number":         {account.Change{PhoneNumber: new("+998901234567")}, account.PasswordChange{}, ""},
		"a wrong number":   {account.Change{PhoneNumber: new("90")}, account.PasswordChange{}, "/phone_number"},
		"a password":       {account.Change{}, account.PasswordChange{Current: new("x"), New: new("long enough"), Confirm: new("long enough")}, ""},
		"without the old":  {account.Change{}, account.PasswordChange{New: new("long enough"), Confirm: new("long enough")}, "/current_password"},
		"without the new":  {account.Change{}, account.PasswordChange{Current: new("x")}, "/new_password"},
		"confirmed wrong":  {account.Change{}, account.PasswordChange{Current: new("x"), New: new("long enough")}, "/confirm_new_password"},
		"nothing is right": {account.Change{Surname: new("")}, account.PasswordChange{Confirm: new("x")}, "/surname /current_password /new_password /confirm_new_password"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := broken(account.ValidateOwn(tt.change, tt.password)); got != tt.want {
				t.Errorf("broken: %q, want %q", got, tt.want)
			}
		})
	}
}
