package web

import (
	"strings"
	"testing"
)

// TestWithoutComments leaves code as it is, on its lines.
func TestWithoutComments(t *testing.T) {
	tests := map[string]string{
		"// a\nlet b; // c\n":                      "\nlet b; // c\n",
		"/** a */\nlet b;\n":                       "\nlet b;\n",
		"/**\n * a\n * @param {b} c\n */\nlet d;":  "\n\n\n\nlet d;",
		"  /** @type {a} */ (b).c();\n":            "  /** @type {a} */ (b).c();\n",
		"let a = /** @type {b} */ (c);\n":          "let a = /** @type {b} */ (c);\n",
		"/** @type {a} */ (b) /** @type {c} */\nd": "/** @type {a} */ (b) /** @type {c} */\nd",
		"let u = \"https://a\";\n":                 "let u = \"https://a\";\n",
	}
	for script, want := range tests {
		if got := string(withoutComments([]byte(script))); got != want {
			t.Errorf("%q: got %q, want %q", script, got, want)
		}
	}
}

// firstLoad is how much script the first page may have, compressed, in bytes.
const firstLoad = 60_000

// TestFirstLoad adds up what a browser fetches before anything is shown.
func TestFirstLoad(t *testing.T) {
	assets, err := loadAssets(static)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for part := range strings.SplitSeq(string(assets["/"].body), `"`) {
		if strings.HasSuffix(part, ".js") {
			a := assets[part]
			if a == nil {
				t.Fatalf("%s is missing", part)
			}
			sum += min(len(a.body), max(len(a.zipped), 1))
		}
	}
	t.Logf("%d bytes of script, compressed", sum)
	if sum > firstLoad {
		t.Errorf("%d bytes of script, compressed, want at most %d", sum, firstLoad)
	}
}
