package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// place is a folder in which only the tester can write, with a program in a
// folder of its own.
func place(t *testing.T) (folder, program string) {
	t.Helper()
	folder = t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	return folder, script(t, filepath.Join(folder, "bin"), "program", "exit 0\n")
}

// mode changes a file's mode, whatever the umask is.
func mode(t *testing.T, path string, m os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, m); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyRefusesWhatOthersCanChange(t *testing.T) {
	check := func(name, want string, change func(folder, program string) (argv0 string)) {
		t.Helper()
		folder, program := place(t)
		c := Command{Argv: []string{change(folder, program)}, Dir: "/"}
		if err := c.Verify(); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
	check("good", "", func(_, program string) string { return program })
	check("file of everybody", "program is writable by everybody", func(_, program string) string { mode(t, program, 0o757); return program })
	check("file of a group", "program is writable by its group", func(_, program string) string { mode(t, program, 0o775); return program })
	check("folder of everybody", "bin is writable by everybody", func(folder, program string) string { mode(t, folder+"/bin", 0o777); return program })
	check("folder above", "is writable by everybody", func(folder, program string) string { mode(t, folder, 0o777); return program })
	check("sticky folder above", "", func(folder, program string) string { mode(t, folder, 0o777|os.ModeSticky); return program })
	check("sticky folder of everybody", "bin is writable by everybody", func(folder, program string) string {
		mode(t, folder+"/bin", 0o777|os.ModeSticky)
		return program
	})
	check("sticky folder of a group", "", func(folder, program string) string { mode(t, folder+"/bin", 0o775|os.ModeSticky); return program })
	check("not to be run", "is no program", func(_, program string) string { mode(t, program, 0o644); return program })
	check("not there", "no such file", func(_, program string) string { return program + "x" })
	check("a folder", "is no program", func(folder, _ string) string { return folder + "/bin" })
	check("relative", "is not an absolute path", func(_, _ string) string { return "program" })
	link := func(target string) func(folder, program string) string {
		return func(folder, program string) string {
			if err := os.Symlink(strings.ReplaceAll(target, "PROGRAM", program), folder+"/link"); err != nil {
				t.Fatal(err)
			}
			return folder + "/link"
		}
	}
	check("absolute link", "", link("PROGRAM"))
	check("relative link", "", link("./bin/../bin/program"))
	check("loop", "too many symbolic links", link("link"))
	check("link into a folder of everybody", "is writable by everybody", func(folder, program string) string {
		mode(t, folder+"/bin", 0o777)
		return link("PROGRAM")(folder, program)
	})
	if os.Geteuid() != 0 {
		t.Skip("only root can give files to others")
	}
	check("file of another user", "belongs to another user, number 12345", func(_, program string) string {
		if err := os.Chown(program, 12345, 0); err != nil {
			t.Fatal(err)
		}
		return program
	})
	check("link of another user", "belongs to another user", func(folder, program string) string {
		path := link("PROGRAM")(folder, program)
		if err := os.Lchown(path, 12345, 0); err != nil {
			t.Fatal(err)
		}
		return path
	})
}

// TestSwappedLink exchanges a link, in a folder of everybody, that leads to a
// good program and to a bad one: whichever it is, it is refused.
func TestSwappedLink(t *testing.T) {
	folder, program := place(t)
	open := filepath.Join(folder, "open")
	if err := os.Mkdir(open, 0o755); err != nil {
		t.Fatal(err)
	}
	mode(t, open, 0o777)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 2000 {
			target := []string{program, "/bin/sh"}[i%2]
			_ = os.Symlink(target, open+"/new") // the next one may be lost
			_ = os.Rename(open+"/new", open+"/link")
		}
	}()
	c := Command{Argv: []string{open + "/link"}, Dir: "/"}
	for {
		if c.Verify() == nil {
			t.Fatal("a link that anybody can change was taken")
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func TestFindProgram(t *testing.T) {
	folder, program := place(t)
	if got, err := FindProgram("program", "relative:"+folder+":"+folder+"/bin"); got != program || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, program)
	}
	if got, err := FindProgram("/a/../b", ""); got != "/b" || err != nil {
		t.Errorf("got %s, %v, want /b", got, err)
	}
	for _, name := range []string{"./program", "bin/program", "none", ""} {
		if got, err := FindProgram(name, folder); err == nil {
			t.Errorf("%q: got %s", name, got)
		}
	}
}
