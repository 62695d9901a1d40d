package collect

import (
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestParsePasswd(t *testing.T) {
	got := parsePasswd([]byte(`root:x:0:0:root:/root:/bin/bash
toor:x:0:0::/root:/bin/sh
# a comment:x:5:5::/:/bin/sh
+nis:x:6:6:::
-nis:x:7:7:::
no number:x:abc:1::/:/bin/sh
negative:x:-1:1::/:/bin/sh
too big:x:4294967296:1::/:/bin/sh
short:x:8
:x:9:9::/:/bin/sh

nobody:x:65534:65534::/:/bin/false
evil` + "\x1b[31m" + `:x:10:10::/:/bin/sh
last:x:4294967294:1::/:/bin/sh`))
	want := map[uint32]string{0: "root", 65534: "nobody", 10: "evil�[31m", 4294967294: "last"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("parsePasswd (-got +want):\n%s", diff)
	}
}

func FuzzParsePasswd(f *testing.F) {
	f.Add([]byte("root:x:0:0:root:/root:/bin/bash\n:::\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for uid, name := range parsePasswd(data) {
			if name == "" || len(name) > 64 || !utf8.ValidString(name) {
				t.Errorf("user %d is named %q", uid, name)
			}
		}
	})
}

func TestUserNamesFollowTheFile(t *testing.T) {
	root := t.TempDir()
	users := newUserNames(filepath.Join(root, "etc/passwd"))
	users.refresh()
	if got := users.name(1000); got != "1000" {
		t.Errorf("without a file: got %q, want 1000", got)
	}
	putFile(t, root, "etc/passwd", "ann:x:1000:1000::/home/ann:/bin/sh\n")
	users.refresh()
	if got := users.name(1000); got != "ann" {
		t.Errorf("with a file: got %q, want ann", got)
	}
	path := filepath.Join(root, "etc/passwd")
	putFile(t, root, "etc/passwd", "bob:x:1000:1000::/home/bob:/bin/sh\n")
	if err := os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)); err != nil {
		t.Fatal(err)
	}
	users.refresh()
	if got := users.name(1000); got != "bob" {
		t.Errorf("with a changed file: got %q, want bob", got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	users.refresh()
	if got := users.name(1000); got != "bob" {
		t.Errorf("while the file is replaced: got %q, want bob", got)
	}
}

func TestParseUID(t *testing.T) {
	tests := []struct {
		name, in string
		want     uint32
		ok       bool
	}{
		{"effective", "Name:\tsudo\nUmask:\t0022\nUid:\t1000\t0\t0\t0\nGid:\t1\t1\t1\t1\n", 0, true},
		{"name like it", "Name:\tUid:\t5\t5\\nUid:\t6\t6\nUid:\t7\t8\t9\t9\n", 8, true},
		{"none", "Name:\tsh\n", 0, false},
		{"cut", "Name:\tsh\nUid:\t1000", 0, false},
		{"cut in the second", "Name:\tsh\nUid:\t1000\t10", 0, false},
		{"a word", "Name:\tsh\nUid:\t1\tx\t1\t1\n", 0, false},
	}
	for _, test := range tests {
		if got, ok := parseUID([]byte(test.in)); got != test.want || ok != test.ok {
			t.Errorf("%s: got %d, %v, want %d, %v", test.name, got, ok, test.want, test.ok)
		}
	}
}
