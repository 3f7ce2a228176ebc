package journey_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What `helm test` runs must work on a store that does, and fail on one that does not.
func TestSmokePlacesAnOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	program := filepath.Join(t.TempDir(), "smoke")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../cmd/smoke")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	smoke := func(api string) (string, error) {
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Env = append(os.Environ(), "API_URL="+api)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := smoke(s.URL + "/nowhere"); err == nil {
		t.Errorf("where no store is it ends well: %s", out)
	}
	if out, err := smoke(s.URL); err != nil || !strings.Contains(out, "NO ORDER WAS PLACED") {
		t.Errorf("before an empty shelf it ends with %v: %s", err, out)
	}
	felt := s.admin(t).slipper(t, "Felt slipper", "129000.50", 1)
	if out, err := smoke(s.URL); err != nil || !strings.Contains(out, "of slipper "+felt+" is PENDING") {
		t.Errorf("it ends with %v: %s", err, out)
	}
	if left := (visitor{store: s}).must(t, "GET /slippers/"+felt, "").text(t, "quantity"); left != "1" {
		t.Errorf("%s pairs are left of 1, after the order was cancelled", left)
	}
}
