package observe

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// series are two counters at the gateway, of requests that keep the promise and of such that break it.
func (s SLO) series(good, bad string) Inputs {
	method, _, _ := strings.Cut(strings.ReplaceAll(s.Methods, ".+", "POST"), "|")
	route, _, _ := strings.Cut(s.Routes, "|")
	name := func(metric, more string) string {
		return fmt.Sprintf(`http_request_duration_seconds_%s{service="gateway",instance="a",method=%q,route=%q,%s}`, metric, method, route, more)
	}
	if s.Under == "" {
		return Inputs{name("count", `status="200"`): good, name("count", `status="503"`): bad}
	}
	within := fmt.Sprintf("le=%q,", s.Under)
	return Inputs{
		name("count", `status="200"`): good, name("bucket", within+`status="200"`): good,
		name("count", `status="404"`): bad, name("bucket", within+`status="404"`): "0+0x1000", // all of them late
	}
}

// traffic is 10000 requests a minute of which a part is bad.
func (s SLO) traffic(part float64, at time.Duration) Case {
	const all = 10_000
	bad, minutes := int(math.Round(all*part)), int(at/time.Minute)
	return Case{at, s.series(fmt.Sprintf("0+%dx%d", all-bad, minutes), fmt.Sprintf("0+%dx%d", bad, minutes))}
}

// over is a bad time that has ended: only the long window still shows it.
func (s SLO) over(b burn) Case {
	clean := int((b.short+b.wait)/time.Minute) + 5
	return Case{
		time.Duration(30+clean) * time.Minute,
		s.series(fmt.Sprintf("0+500x30 15000+1000x%d", clean), fmt.Sprintf("0+500x30 15000+0x%d", clean)),
	}
}

// begun is a bad time that has just begun: only the short window shows it.
func (s SLO) begun(b burn, most float64) Case {
	bad, before, since := int(20_000*most), int(b.long/time.Minute), int((b.short+b.wait)/time.Minute)
	return Case{
		b.long + b.short + b.wait,
		s.series(fmt.Sprintf("0+10000x%d", before+since), fmt.Sprintf("0+0x%d %d+%dx%d", before, bad, bad, since)),
	}
}

// handful is a quiet time, as long as the long window, at whose end a few of very few requests are bad.
func (s SLO) handful(b burn) Case {
	minutes := int(b.long / time.Minute)
	return Case{b.long + 3*time.Minute + b.wait, s.series(fmt.Sprintf("0+0.1x%d", minutes+20), fmt.Sprintf("0+0x%d 4+0x20", minutes))}
}

// quiet is what is near to b and is not it.
func (b burn) quiet(s SLO, most float64) []Case {
	all := []Case{s.traffic(.7*most, 50*time.Minute+b.wait), s.over(b)}
	if b.severity == Page { // three days of minutes take too long to try
		all = append(all, s.handful(b), s.begun(b, most))
	}
	return all
}
