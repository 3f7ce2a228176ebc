package logging_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/kit/logging"
)

func TestTheLevelIsChangedWhileItRuns(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, level := logging.New(logging.Config{}, "shop", &out)
	ask := func(method, query string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		level.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), method, "/log-level"+query, nil))
		return rec
	}
	log.Debug("before")
	if rec := ask(http.MethodPut, "?level=loud"); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("an unknown level = %d %s", rec.Code, rec.Body)
	}
	if rec := ask(http.MethodGet, ""); rec.Body.String() != "INFO\n" {
		t.Errorf("at first it is %s", rec.Body)
	}
	if rec := ask(http.MethodPut, "?level=debug"); rec.Code != http.StatusOK || rec.Body.String() != "DEBUG\n" {
		t.Errorf("a new level = %d %s", rec.Code, rec.Body)
	}
	log.Debug("after")
	lines := out.String()
	if strings.Contains(lines, "before") || !strings.Contains(lines, `"msg":"after"`) || !strings.Contains(lines, `"service":"shop"`) {
		t.Errorf("the log is\n%s", lines)
	}
	if !strings.Contains(lines, `"from":"INFO","to":"DEBUG"`) {
		t.Errorf("nobody reads that it was changed:\n%s", lines)
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, _ := logging.New(logging.Config{Format: logging.Text}, "shop", &out)
	log.Info("open")
	if got := out.String(); !strings.Contains(got, "level=INFO msg=open service=shop") {
		t.Errorf("as text it is %s", got)
	}
	if err := new(logging.Format).UnmarshalText([]byte("xml")); err == nil {
		t.Error("xml is a format")
	}
}
