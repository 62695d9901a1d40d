package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/js"
)

// static is the page: every file that a browser may ask for.
//
//go:embed static
var static embed.FS

// asset is one file of the page, ready to be sent.
type asset struct {
	body, zipped []byte // zipped is nil where it would not be smaller
	kind         string // media type
	tag          string // entity tag, from the content
	lasting      bool   // the path is of this content alone
}

// mediaTypes are set here rather than asked of the system's tables, which
// differ between machines; a module of the wrong type is not run.
var mediaTypes = map[string]string{
	".html":        "text/html; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".json":        "application/json",
	".webmanifest": "application/manifest+json",
	".svg":         "image/svg+xml",
	".txt":         "text/plain; charset=utf-8",
}

// folder is where the page's files are.
const folder = "/static/"

// loadAssets reads and compresses every file below static, once. Each stands
// below a folder named after the content of all, too, where browsers may keep
// it for ever: the page's own references are to there. So all scripts of one
// page are of one build, and who comes again asks for none.
func loadAssets(files fs.FS) (assets map[string]*asset, build string, err error) {
	assets = map[string]*asset{}
	all := sha256.New()
	small := minify.New()
	small.AddFunc(".js", js.Minify)
	small.AddFunc(".css", css.Minify)
	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if !strings.Contains(name, "/vendor/") { // those are small already
			if body, err = small.Bytes(path.Ext(name), body); err != nil && !errors.Is(err, minify.ErrNotExist) {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		assets["/"+name] = newAsset(name, body)
		fmt.Fprintf(all, "%s\x00%d\x00%s", name, len(body), body)
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("reading the embedded page: %w", err)
	}
	build = folder + base64.RawURLEncoding.EncodeToString(all.Sum(nil)[:9]) + "/"
	for name, one := range maps.Clone(assets) {
		kept := *one
		kept.lasting = true
		assets[build+strings.TrimPrefix(name, folder)] = &kept
	}
	return assets, build, nil
}

// newAsset returns a file as it is sent.
func newAsset(name string, body []byte) *asset {
	kind := mediaTypes[path.Ext(name)]
	if kind == "" {
		kind = mime.TypeByExtension(path.Ext(name))
	}
	hash := sha256.Sum256(body)
	return &asset{body: body, zipped: zip(body), kind: kind, tag: base64.RawURLEncoding.EncodeToString(hash[:12])}
}

// zip returns the compressed body, or nil where that saves nothing.
func zip(body []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := w.Write(body); err != nil || w.Close() != nil || out.Len() >= len(body) {
		return nil
	}
	return out.Bytes()
}

// page answers with the document of a page, which is drawn by a module; what it
// shows follows from the path.
func (s *Server) page(module string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { s.send(w, r, s.pages[module]) }
}

// document returns the document of a page.
func (s *Server) document(module string) (*asset, error) {
	text, err := preloaded(s.assets, s.assets[folder+"index.html"].body, module)
	if err != nil {
		return nil, err
	}
	return newAsset("index.html", bytes.ReplaceAll(text, []byte(`"`+folder), []byte(`"`+s.build))), nil
}

// static answers with one file of the page.
func (s *Server) static(w http.ResponseWriter, r *http.Request) {
	s.send(w, r, s.assets[r.URL.Path])
}

// send answers with a file, or tells the browser that it has it already.
func (s *Server) send(w http.ResponseWriter, r *http.Request, a *asset) {
	if a == nil {
		fail(w, http.StatusNotFound, "no such file")
		return
	}
	body, tag := a.body, `"`+a.tag+`"`
	h := w.Header()
	h.Set("Vary", "Accept-Encoding")
	if a.zipped != nil && acceptsGzip(r) {
		body, tag = a.zipped, `"`+a.tag+`-gzip"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Cache-Control", "no-cache")
	if a.lasting {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("ETag", tag)
	if matches(r.Header.Get("If-None-Match"), tag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a browser that went away is no fault
}

// acceptsGzip tells whether a browser takes gzip.
func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(name, "gzip") {
			return strings.TrimLeft(strings.TrimSpace(quality), "q=0. ") != "" || quality == ""
		}
	}
	return false
}

// matches tells whether an If-None-Match header names a tag. A weak one is as
// good, since a proxy may have marked it.
func matches(header, tag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
			return true
		}
	}
	return false
}
