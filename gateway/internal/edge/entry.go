package edge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// form is one encoding of a page, with the headers that go with it. The slices are shared by all answers: nobody writes
// to them.
type form struct {
	body                   []byte
	encoding, length, etag []string
}

// The forms of a page, the one that is liked best first. Names are those of Accept-Encoding; the plain one has none.
const (
	zstdForm = iota
	gzipForm
	plainForm
	formCount
)

var formNames = [formCount]string{"zstd", "gzip", ""}

// minCompressed is from how many bytes on a page is compressed.
const minCompressed = 1001

// entry is a copy of a page.
type entry struct {
	meta

	page  string // its name
	body  []byte // plain
	forms [formCount]form

	contentType, cacheControl, vary []string

	confirmed  atomic.Int64 // when Redis last said that the stamps hold, in Unix nanoseconds
	refreshing atomic.Bool
}

// meta is what goes with a body to Redis.
type meta struct {
	Key          string    `json:"key"`
	Stamps       []string  `json:"stamps"`
	Read         time.Time `json:"read"`    // when the service was asked
	Expires      time.Time `json:"expires"` // when it should be asked again
	ContentType  string    `json:"content_type"`
	CacheControl string    `json:"cache_control"`
	ETag         string    `json:"etag"`
}

// newEntry prepares everything that a hit writes.
func newEntry(m meta, body []byte) (*entry, error) {
	body = bytes.Clone(body) // to its size: what weighs is what is held
	e := &entry{
		meta: m, body: body,
		contentType: []string{m.ContentType}, cacheControl: []string{m.CacheControl}, vary: []string{"Accept-Encoding"},
	}
	e.forms[plainForm] = newForm(plainForm, body, m.ETag)
	if len(body) < minCompressed {
		return e, nil
	}
	var zipped bytes.Buffer
	w, _ := zippers.Get().(*gzip.Writer) // its state is a hundred times a page
	defer zippers.Put(w)
	w.Reset(&zipped)
	if _, err := w.Write(body); err != nil {
		return nil, fmt.Errorf("compressing a page: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compressing a page: %w", err)
	}
	e.forms[gzipForm] = newForm(gzipForm, bytes.Clone(zipped.Bytes()), m.ETag)
	e.forms[zstdForm] = newForm(zstdForm, bytes.Clone(zstdEncoder.EncodeAll(body, nil)), m.ETag)
	return e, nil
}

var zippers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// Their options are sound.
var (
	zstdEncoder, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	zstdDecoder, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*maxPage))
)

func newForm(which int, body []byte, etag string) form {
	f := form{body: body, length: []string{strconv.Itoa(len(body))}, etag: []string{etag}}
	if name := formNames[which]; name != "" {
		f.encoding = []string{name}
		f.etag = []string{strings.TrimSuffix(etag, `"`) + "-" + name + `"`}
	}
	return f
}

// weight is about how many bytes of memory the process takes for the entry: twice its own, because the collector lets as
// much garbage pile up as there is in use (GOGC=100).
func (e *entry) weight() uint32 {
	const rest = 1024 // headers, stamps, and what the store itself needs
	n := rest + 2*len(e.Key)
	for _, f := range e.forms {
		n += cap(f.body)
	}
	return uint32(2 * n) //nolint:gosec // bodies are bounded
}

// fresh says whether the entry is of these stamps.
func (e *entry) fresh(stamps []string) bool { return e != nil && slices.Equal(e.Stamps, stamps) }

// maxShared is the most bytes that a page may take in Redis, compressed. A list of a hundred slippers takes some ten thousand.
const maxShared = 16 << 10

var errTooLarge = fmt.Errorf("more than %d bytes, compressed", maxShared)

// encode returns the entry as it goes to Redis, or errTooLarge: a line about it and the body, compressed.
func (e *entry) encode() ([]byte, error) {
	head, err := json.Marshal(e.meta)
	if err != nil {
		return nil, fmt.Errorf("encoding a page: %w", err)
	}
	b := zstdEncoder.EncodeAll(slices.Concat(head, []byte("\n"), e.body), nil)
	if len(b) > maxShared {
		return nil, errTooLarge
	}
	return b, nil
}

var errForeign = errors.New("not a page that we stored")

func decode(b []byte) (*entry, error) {
	b, err := zstdDecoder.DecodeAll(b, nil)
	if err != nil {
		return nil, errForeign
	}
	head, body, ok := bytes.Cut(b, []byte("\n"))
	var m meta
	if !ok || json.Unmarshal(head, &m) != nil {
		return nil, errForeign
	}
	return newEntry(m, body)
}

// keepable says whether an answer is the same for everybody and may be kept.
func keepable(res *http.Response) bool {
	control := strings.ToLower(res.Header.Get("Cache-Control"))
	return res.StatusCode == http.StatusOK && len(res.Header["Set-Cookie"]) == 0 &&
		res.Header.Get("ETag") != "" && !strings.HasPrefix(res.Header.Get("ETag"), "W/") && res.Header.Get("Content-Encoding") == "" &&
		!strings.Contains(control, "no-store") && !strings.Contains(control, "private") && strings.Contains(control, "public") &&
		onlyEncoding(res.Header.Values("Vary"))
}

// onlyEncoding says whether an answer varies with nothing but the compression, which is ours.
func onlyEncoding(vary []string) bool {
	for _, names := range vary {
		for name := range strings.SplitSeq(names, ",") {
			if name = strings.TrimSpace(name); name != "" && !strings.EqualFold(name, "Accept-Encoding") {
				return false
			}
		}
	}
	return true
}
