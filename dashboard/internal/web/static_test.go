package web

import (
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mostScript is how much script a page may load, compressed, in bytes.
const mostScript = 60_000

// TestScripts adds up what a browser fetches for each page: what its document
// names, and what draws charts.
func TestScripts(t *testing.T) {
	s, err := New(Options{Events: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`"(/static/[^"]+\.js)"`)
	charts := s.build + "vendor/uplot.js"
	for _, page := range pages {
		var names []string
		for _, one := range named.FindAllStringSubmatch(string(s.pages[page.module].body), -1) {
			names = append(names, one[1])
		}
		if page.module != "fleet.js" {
			names = append(names, charts)
		}
		slices.Sort(names)
		names, sum := slices.Compact(names), 0
		for _, name := range names {
			a := s.assets[name]
			if a == nil {
				t.Fatalf("%s: %s is missing", page.module, name)
			}
			sum += min(len(a.body), max(len(a.zipped), 1))
		}
		t.Logf("%s: %d scripts of %d bytes, compressed", page.module, len(names), sum)
		if sum > mostScript {
			t.Errorf("%s: got %d bytes of script, compressed, want at most %d", page.module, sum, mostScript)
		}
	}
}

// TestImports finds what a module needs before it can run, in any style.
func TestImports(t *testing.T) {
	script := `
		import { a, b as c } from "./a.js";
		import d from './b.js';
		import * as e from "../c.js";
		import "./d.js";
		export { f } from "./e.js";
		export const g = () => import("./late.js");
		const text = 'import "./not.js"'; /** @import { H } from "./types.js" */`
	got, err := imports([]byte(script))
	want := []string{"./a.js", "./b.js", "../c.js", "./d.js", "./e.js"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, imports (-want +got):\n%s", err, diff)
	}
	if _, err := imports([]byte("import {")); err == nil {
		t.Error("got no error for a script that is none")
	}
}
