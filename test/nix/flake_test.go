package nix

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nixFiles returns the paths of all Nix files of the repository.
func nixFiles(t *testing.T) []string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.nix")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	var paths []string
	for path := range strings.FieldsSeq(string(out)) {
		path = filepath.Join(root, path)
		if _, err := os.Stat(path); err == nil {
			paths = append(paths, path)
		}
	}
	if len(paths) < 20 {
		t.Fatalf("got %d Nix files, want all", len(paths))
	}
	return paths
}

func TestFilesParse(t *testing.T) {
	arguments := append([]string{"--parse", "--store", "dummy://"}, nixFiles(t)...)
	command := exec.CommandContext(t.Context(), installed(t, "nix-instantiate"), arguments...)
	command.Env = []string{"HOME=" + t.TempDir(), "NIX_CONF_DIR=" + t.TempDir()}
	var complaint bytes.Buffer
	command.Stderr = &complaint
	if err := command.Run(); err != nil {
		t.Errorf("%v: %s", err, complaint.Bytes())
	}
}

// maxColumns is where nixfmt breaks lines, but for long strings.
const maxColumns = 100

// TestFilesAreFormatted holds the files against nixfmt where it is installed,
// and otherwise against what can be said of its form line by line.
func TestFilesAreFormatted(t *testing.T) {
	if nixfmt, err := exec.LookPath("nixfmt"); err == nil {
		if out, err := exec.CommandContext(t.Context(), nixfmt, append([]string{"--check"}, nixFiles(t)...)...).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	for _, path := range nixFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasSuffix(text, []byte("\n")) || bytes.HasSuffix(text, []byte("\n\n")) {
			t.Errorf("%s: must end with one line feed", path)
		}
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		for i, line := range lines {
			if bad := badLine(line, i > 0 && lines[i-1] == ""); bad != "" {
				t.Errorf("%s:%d: %s", path, i+1, bad)
			}
		}
	}
}

// badLine returns what is wrong with the form of a line, or "".
func badLine(line string, afterEmpty bool) string {
	indent := len(line) - len(strings.TrimLeft(line, " "))
	switch {
	case strings.ContainsAny(line, "\t\r"):
		return "got a tab or a carriage return, want none"
	case strings.TrimRight(line, " ") != line:
		return "got spaces at the end, want none"
	case line == "" && afterEmpty:
		return "got two empty lines, want one"
	case indent%2 != 0:
		return "got an indent that is odd, want steps of two"
	case len([]rune(line)) > maxColumns && !strings.ContainsAny(line, `"'`):
		return "got a long line, want at most 100 columns"
	}
	return ""
}

// TestFlake holds what the flake offers against testdata/flake.json.
func TestFlake(t *testing.T) {
	arguments := nixpkgs(t)
	if arguments != nil {
		arguments = arguments[:3] // packages stay the few that are listed
	}
	text, err := evaluate(t, "flake", arguments...)
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	hash, err := os.ReadFile(filepath.Join(root, "deploy/nix/vendor-hash"))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "flake.json", strings.ReplaceAll(indented.String(), strings.TrimSpace(string(hash)), "VENDOR-HASH")+"\n")
}

// TestLock holds the lock against the flake: what it is a lock of, and that it
// pins its input.
func TestLock(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "flake.lock"))
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Version int    `json:"version"`
		Root    string `json:"root"`
		Nodes   map[string]struct {
			Inputs   map[string]string `json:"inputs"`
			Locked   struct{ Type, Owner, Repo, Rev, NarHash string }
			Original struct{ Type, Owner, Repo, Ref string }
		} `json:"nodes"`
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	flake, err := os.ReadFile(filepath.Join(root, "flake.nix"))
	if err != nil {
		t.Fatal(err)
	}
	node := lock.Nodes[lock.Nodes[lock.Root].Inputs["nixpkgs"]]
	o := node.Original
	url := o.Type + ":" + o.Owner + "/" + o.Repo + "/" + o.Ref
	if lock.Version != 7 || len(lock.Nodes) != 2 || !strings.Contains(string(flake), `inputs.nixpkgs.url = "`+url+`"`) {
		t.Errorf("got version %d of %d nodes, for %s, want 7 of 2, for what flake.nix names", lock.Version, len(lock.Nodes), url)
	}
	if len(node.Locked.Rev) != 40 || !strings.HasPrefix(node.Locked.NarHash, "sha256-") || len(node.Locked.NarHash) != 51 {
		t.Errorf("got revision %q and hash %q, want both in full", node.Locked.Rev, node.Locked.NarHash)
	}
}

// TestVirtualMachines looks at the test that boots machines, which needs a
// build: its configurations must evaluate, and its script be Python.
func TestVirtualMachines(t *testing.T) {
	text, err := evaluate(t, "vm", nixpkgs(t)...)
	if err != nil {
		t.Fatal(err)
	}
	var vm struct {
		Script string `json:"script"`
		Nodes  map[string]struct {
			Units  []string `json:"units"`
			Failed []string `json:"failed"`
		} `json:"nodes"`
	}
	if err := json.Unmarshal(text, &vm); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for name, node := range vm.Nodes {
		got[name] = strings.Join(append(node.Units, node.Failed...), " ")
	}
	want := map[string]string{"host": "systant-agent systant-cmd-mark", "server": "systant-dashboard"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("units and failed assertions of the machines (-want +got):\n%s", diff)
	}
	python := exec.CommandContext(t.Context(), installed(t, "python3"), "-c", `import ast, sys; ast.parse(sys.stdin.read())`)
	python.Stdin = strings.NewReader(vm.Script)
	if said, err := python.CombinedOutput(); err != nil {
		t.Errorf("the script: %v\n%s", err, said)
	}
}
