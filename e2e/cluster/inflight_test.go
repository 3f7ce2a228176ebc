//go:build cluster && operators

package cluster_test

import (
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"sync"
	"testing"
	"time"
)

// TestRequestsInFlight lets the autoscalers steer by the requests that Pods work on, which prometheus-adapter serves: many uploads
// that take their time, and take no CPU. Prometheus and the dashboards see it.
func TestRequestsInFlight(t *testing.T) {
	empty(t)
	provider(t)
	var values []string
	scaled := []string{"gateway", "catalog"}
	for _, service := range scaled {
		values = append(values, service+".autoscaling.inFlight=5", service+".autoscaling.cpu=100000",
			service+".autoscaling.behavior.scaleDown.stabilizationWindowSeconds=15")
	}
	for _, service := range services {
		values = append(values, service+".podMonitor.interval=5s")
	}
	upgrade(t, the.Tag, values...)
	s := &store{tag: the.Tag}
	s.open(t)

	began := time.Now()
	start := began
	stop := s.dawdle(t, s.login(t), 40)
	for _, service := range scaled {
		eventually(t, 3*time.Minute, service+" has more than 2 Pods that are ready", func() bool { return ready(t, service) > 2 })
		t.Logf("%s had %d Pods after %.0f s", service, ready(t, service), time.Since(start).Seconds())
	}
	stop()
	start = time.Now()
	for _, service := range scaled {
		eventually(t, 8*time.Minute, service+" is back at 2 Pods", func() bool { return ready(t, service) == 2 })
		t.Logf("%s had 2 Pods again after %.0f s", service, time.Since(start).Seconds())
	}
	w := watched(t)
	w.pods(t)
	w.alerts(t)
	w.dashboards(t, began)
}

// dawdle keeps uploads under way that never come to an end, until stop.
func (s *store) dawdle(t *testing.T, token string, uploads int) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range uploads {
		wg.Go(func() {
			for ctx.Err() == nil {
				s.upload(ctx, s.gateway[i%len(s.gateway)], token)
			}
		})
	}
	stop = func() { cancel(); wg.Wait() }
	t.Cleanup(stop)
	return stop
}

// upload begins an upload, and says no more for a while.
func (s *store) upload(ctx context.Context, gateway, token string) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	body, form := io.Pipe()
	w := multipart.NewWriter(form)
	go func() {
		_, _ = w.CreateFormFile("images", "slipper.png") // fails when the request has ended
		<-ctx.Done()
		_ = form.CloseWithError(ctx.Err()) // the client waits for its body
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, gateway+"/slippers/"+s.slipper+"/upload-images/", body)
	if err != nil {
		return
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", w.FormDataContentType())
	if res, err := client.Do(r); err == nil {
		_ = res.Body.Close()
	}
}
