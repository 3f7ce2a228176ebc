// Package docs serves the API's document, two readers of it and a page for every problem code: all from the binary, so
// that they work where there is no network.
package docs

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/yuin/goldmark"

	"github.com/slippers-api/slippers/kit/httpserver"
)

//go:generate go run ./generate ../../..

//go:embed openapi.json
var document []byte

//go:embed errors.md
var errorsPage string

//go:embed assets
var assets embed.FS

// published are the assets by the name in their address.
var published = map[string]string{
	"docs.css":             "docs.css",
	"swagger-ui.css":       "swagger-ui/swagger-ui.css",
	"swagger-ui-bundle.js": "swagger-ui/swagger-ui-bundle.js",
	"swagger-ui-init.js":   "swagger-ui-init.js",
	"redoc.standalone.js":  "redoc/redoc.standalone.js",
	"redoc-init.js":        "redoc-init.js",
	"favicon.png":          "swagger-ui/favicon-32x32.png",
}

// ReDoc shows a logo from its makers' server below its menu. The policy forbids that, and browsers would complain of it on
// every visit, so the page gets an image of nothing. The file stays as it was published.
const (
	foreignLogo = "https://cdn.redoc.ly/redoc/logo-mini.svg"
	noLogo      = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
)

const (
	htmlType = "text/html; charset=utf-8"

	// policy lets a page load from this server only. Both readers put styles into the page; ReDoc searches in a worker.
	policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
		"connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// file is something that never changes while the process lives.
type file struct {
	body              []byte
	contentType, etag string
}

func newFile(contentType string, body []byte) file {
	sum := sha256.Sum256(body)
	return file{body, contentType, `"` + hex.EncodeToString(sum[:12]) + `"`}
}

// Docs holds what there is to read.
type Docs struct {
	openAPI, swaggerUI, reDoc, favicon file
	assets                             map[string]file
	problems                           map[string]problemPage
}

// problemPage is what docs/errors.md says about one code.
type problemPage struct {
	text string
	html file
}

// New prepares every page once.
func New() (*Docs, error) {
	d := &Docs{
		openAPI:   newFile(echo.MIMEApplicationJSON, document),
		swaggerUI: page("Slippers API", `<div id="ui"></div>`, "swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-init.js"),
		reDoc:     page("Slippers API", `<div id="ui"></div>`, "docs.css", "redoc.standalone.js", "redoc-init.js"),
		assets:    map[string]file{},
		problems:  map[string]problemPage{},
	}
	for name, at := range published {
		b, err := assets.ReadFile("assets/" + at)
		if err != nil {
			return nil, fmt.Errorf("reading the asset %s: %w", name, err)
		}
		b = bytes.ReplaceAll(b, []byte(foreignLogo), []byte(noLogo))
		d.assets[name] = newFile(mime.TypeByExtension(path.Ext(name)), b)
	}
	d.favicon = d.assets["favicon.png"]
	for code, text := range Problems(errorsPage) {
		var html bytes.Buffer
		if err := goldmark.Convert([]byte(text), &html); err != nil {
			return nil, fmt.Errorf("rendering the page of %s: %w", code, err)
		}
		d.problems[code] = problemPage{text, page(code, "<main>"+html.String()+"</main>", "docs.css")}
	}
	return d, nil
}

// page writes out a page by hand: html/template would make the program half as large again, because it calls methods by
// name, for which the linker keeps them all. Nothing here comes from outside.
func page(title, body, style string, scripts ...string) file {
	var b strings.Builder
	fmt.Fprintf(&b, `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<link rel="icon" href="/favicon.ico">
<link rel="stylesheet" href="/docs/assets/%s">
</head>
<body>
%s
`, title, style, body)
	for _, script := range scripts {
		fmt.Fprintf(&b, "<script src=\"/docs/assets/%s\"></script>\n", script)
	}
	b.WriteString("</body>\n</html>\n")
	return newFile(htmlType, []byte(b.String()))
}

// Problems cuts docs/errors.md into its sections, by code.
func Problems(text string) map[string]string {
	sections := map[string]string{}
	for i, section := range strings.Split("\n"+text, "\n## ") {
		section, _, _ = strings.Cut(section, "\n# ") // the next group's heading
		code, _, _ := strings.Cut(section, "\n")
		if i > 0 {
			sections[strings.TrimSpace(code)] = "## " + strings.TrimSpace(section) + "\n"
		}
	}
	return sections
}

// OpenAPI serves the document.
func (d *Docs) OpenAPI(c echo.Context) error { return d.serve(c, d.openAPI) }

// SwaggerUI serves the reader that can also make calls.
func (d *Docs) SwaggerUI(c echo.Context) error { return d.serve(c, d.swaggerUI) }

// ReDoc serves the reader that reads best.
func (d *Docs) ReDoc(c echo.Context) error { return d.serve(c, d.reDoc) }

// Favicon serves the icon that browsers ask for.
func (d *Docs) Favicon(c echo.Context) error { return d.serve(c, d.favicon) }

// Asset serves what the pages are made of.
func (d *Docs) Asset(c echo.Context) error {
	f, ok := d.assets[c.Param("file")]
	if !ok {
		return httpserver.ErrNotFound
	}
	return d.serve(c, f)
}

// Problem serves the page of a code: HTML to browsers, the text to everybody else.
func (d *Docs) Problem(c echo.Context) error {
	p, ok := d.problems[c.Param("code")]
	if !ok {
		return httpserver.ErrNotFound
	}
	c.Response().Header().Add(echo.HeaderVary, echo.HeaderAccept)
	if strings.Contains(c.Request().Header.Get(echo.HeaderAccept), "text/html") {
		return d.serve(c, p.html)
	}
	return d.serve(c, newFile("text/markdown; charset=utf-8", []byte(p.text)))
}

// serve answers with f, which a browser may keep and asks about each time: a new release shows at once.
func (d *Docs) serve(c echo.Context, f file) error {
	h := c.Response().Header()
	h.Set("ETag", f.etag)
	h.Set(echo.HeaderCacheControl, "public, max-age=0, must-revalidate")
	if f.contentType == htmlType {
		h.Set(echo.HeaderContentSecurityPolicy, policy)
	}
	if known := c.Request().Header.Get("If-None-Match"); known == "*" || strings.Contains(known, f.etag) {
		return c.NoContent(http.StatusNotModified)
	}
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(f.body)))
	return c.Blob(http.StatusOK, f.contentType, f.body)
}
