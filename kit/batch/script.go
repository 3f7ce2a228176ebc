package batch

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/kit/stamp"
)

type kind byte

const (
	limitOp kind = 'l'
	stampOp kind = 's'
	valueOp kind = 'v'
)

// ratePrefix is redis_rate's: both read and write the same keys.
const ratePrefix = "rate:"

// place is what an operation is about; equal places are one operation.
type place struct {
	kind  kind
	key   string // of a stamp, its tag
	limit redis_rate.Limit
	cost  int
}

// op is one thing that Redis is asked, for all who want to know it.
type op struct {
	place

	wanted  int // how often a limit is asked
	results []redis_rate.Result
	value   Value
}

// scriptFor returns the script that does all operations of a batch, on keys and on arguments that follow each other. What it
// says of stamps has the name of the server that has it.
//
// The limit is redis_rate's GCRA, for n requests of the same cost in turn: the same numbers in the same order, from the
// same clock, into the same key. It answers the time, where the limit stood, and how many were allowed; the rest follows.
func scriptFor(server string) *redis.Script {
	return redis.NewScript("local server = " + strconv.Quote(server) + operations)
}

const operations = `
local time = redis.call('TIME')
local now = (time[1] - 1483228800) + (time[2] / 1000000)
local out, a = {}, 1
for i = 1, #KEYS do
  local key, kind = KEYS[i], ARGV[a]
  if kind == 'l' then
    local burst, rate, period, cost, n = ARGV[a+1], ARGV[a+2], ARGV[a+3], tonumber(ARGV[a+4]), tonumber(ARGV[a+5])
    a = a + 6
    local emission_interval = period / rate
    local increment = emission_interval * cost
    local burst_offset = emission_interval * burst
    local tat = tonumber(redis.call('GET', key) or now) or now
    tat = math.max(tat, now)
    out[#out+1] = string.format('%.17g', now)
    out[#out+1] = string.format('%.17g', tat)
    local allowed = 0
    while allowed < n do
      local new_tat = tat + increment
      if (now - (new_tat - burst_offset)) / emission_interval < 0 then break end
      tat = new_tat
      allowed = allowed + 1
    end
    if allowed > 0 and tat > now then
      redis.call('SET', key, tat, 'EX', math.ceil(tat - now))
    elseif allowed > 0 then
      redis.call('DEL', key)
    end
    out[#out+1] = allowed
  elseif kind == 's' then
    local stamp = redis.call('GET', key)
    if not stamp then
      stamp = ARGV[a+1]
      redis.call('SET', key, stamp, 'EX', ARGV[a+2])
    end
    out[#out+1] = stamp .. server
    a = a + 3
  else
    out[#out+1] = redis.call('GET', key)
    a = a + 1
  end
end
return out
`

// key is the operation's key in Redis.
func (o *op) redisKey() string {
	switch o.kind {
	case limitOp:
		return ratePrefix + o.key
	case stampOp:
		return stamp.Key(o.key)
	default:
		return o.key
	}
}

// arguments appends what the script reads for the operation.
func (o *op) arguments(args []any) []any {
	switch o.kind {
	case limitOp:
		return append(args, "l", o.limit.Burst, o.limit.Rate, o.limit.Period.Seconds(), o.cost, o.wanted)
	case stampOp:
		return append(args, "s", stamp.New(), int(stamp.TTL.Seconds()))
	default:
		return append(args, "v")
	}
}

var errReply = errors.New("the batch script answered something else")

// read takes the operation's part off the front of a reply.
func (o *op) read(reply []any) (rest []any, err error) {
	switch {
	case o.kind == limitOp && len(reply) >= 3:
		return reply[3:], o.readLimit(reply[0], reply[1], reply[2])
	case o.kind != limitOp && len(reply) >= 1:
		o.value.Text, o.value.OK = reply[0].(string)
		return reply[1:], nil
	}
	return nil, errReply
}

// readLimit works out what each one who asked gets, as redis_rate would have told them one after the other.
func (o *op) readLimit(nowReply, tatReply, allowedReply any) error {
	now, nowErr := float(nowReply)
	tat, tatErr := float(tatReply)
	allowed, ok := allowedReply.(int64)
	if err := errors.Join(nowErr, tatErr); err != nil || !ok {
		return fmt.Errorf("%w: %w", errReply, err)
	}
	interval := o.limit.Period.Seconds() / float64(o.limit.Rate)
	increment, offset := interval*float64(o.cost), interval*float64(o.limit.Burst)
	o.results = make([]redis_rate.Result, o.wanted)
	for i := range o.results {
		next := tat + increment
		diff := now - (next - offset)
		if i >= int(allowed) {
			o.results[i] = redis_rate.Result{Limit: o.limit, RetryAfter: seconds(-diff), ResetAfter: seconds(tat - now)}
			continue
		}
		o.results[i] = redis_rate.Result{
			Limit: o.limit, Allowed: o.cost, Remaining: int(diff / interval), RetryAfter: -1, ResetAfter: seconds(next - now),
		}
		tat = next
	}
	return nil
}

func float(reply any) (float64, error) {
	s, _ := reply.(string)
	return strconv.ParseFloat(s, 64)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// noScript says whether Redis has forgotten the script, or never knew it.
func noScript(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "NOSCRIPT") }
