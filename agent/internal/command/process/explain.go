package process

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// explain says in words that help why a command could not be started. The
// kernel has but a number for it.
func explain(c Command, err error) error {
	var no syscall.Errno
	if !errors.As(err, &no) {
		return err
	}
	if c.Dir != "" {
		if info, problem := os.Stat(c.Dir); problem != nil || !info.IsDir() {
			return fmt.Errorf("its folder %s can't be entered: %w", c.Dir, no)
		}
	}
	return fmt.Errorf("%s: %w", reason(c, no), no)
}

// reason returns what an error number of execve(2) and of what comes before it
// means for a command.
func reason(c Command, no syscall.Errno) string {
	switch no {
	case syscall.ENOENT, syscall.ENOTDIR:
		if _, err := os.Stat(c.Path); err != nil {
			return "there is no such program"
		}
		if name := interpreter(c.Path); name != "" {
			return "its interpreter " + name + " is not there"
		}
		return "the loader that it was built for is not there"
	case syscall.EACCES:
		if info, err := os.Stat(c.Path); err == nil && (!info.Mode().IsRegular() || info.Mode()&0o111 == 0) {
			return "it is no file that may be executed"
		}
		return "the user that it runs as may not execute it, or not enter a folder"
	case syscall.EPERM:
		return "the agent may not start it, or not as another user"
	case syscall.ENOEXEC:
		return "it is no program for this machine, and no script that begins with #!"
	case syscall.E2BIG:
		return "its arguments are too long"
	case syscall.EAGAIN:
		return "the host lets the agent start no more processes"
	case syscall.ENOMEM:
		return "the host is out of memory"
	case syscall.ETXTBSY:
		return "it is open to be written"
	}
	return "the kernel does not start it"
}

// interpreter returns the program that a script names in its first line; it is
// empty for what is no script.
func interpreter(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	line, _ := bufio.NewReaderSize(f, 256).ReadSlice('\n') // a longer one is cut by the kernel as well
	rest, ok := bytes.CutPrefix(line, []byte("#!"))
	if fields := strings.Fields(string(rest)); ok && len(fields) > 0 {
		return clean([]byte(fields[0]))
	}
	return ""
}
