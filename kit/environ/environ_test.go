package environ_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/kit/environ"
)

type part struct {
	Address string `env:"TESTED_ADDRESS,required"`
}

type config struct {
	Part part

	Secret string `env:"TESTED_SECRET,required,notEmpty"`
	Number int    `env:"TESTED_NUMBER" envDefault:"7"`
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAVariableMayStandInAFile(t *testing.T) {
	t.Setenv("TESTED_ADDRESS_FILE", file(t, "shop.example\n")) // as editors end files
	t.Setenv("TESTED_SECRET", "hunter2")
	cfg, err := environ.Read[config]()
	if want := (config{Part: part{"shop.example"}, Secret: "hunter2", Number: 7}); err != nil || cfg != want {
		t.Errorf("read %+v, %v, want %+v", cfg, err, want)
	}
}

func TestWhatIsWrongWithFilesIsSaid(t *testing.T) {
	t.Setenv("TESTED_ADDRESS", "one")
	t.Setenv("TESTED_ADDRESS_FILE", file(t, "another"))
	t.Setenv("TESTED_SECRET_FILE", filepath.Join(t.TempDir(), "none"))
	_, err := environ.Read[config]()
	if err == nil || !strings.Contains(err.Error(), "both TESTED_ADDRESS and TESTED_ADDRESS_FILE") || !strings.Contains(err.Error(), "TESTED_SECRET_FILE") {
		t.Errorf("got %v", err)
	}
}
