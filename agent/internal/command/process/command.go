package process

import (
	"syscall"
	"time"
)

// Command is what to run, and within which bounds.
type Command struct {
	Path string   // of the program; it is not looked up
	Args []string // from the program's name on
	Env  []string // all of the environment
	Dir  string   // the working folder; empty is the agent's
	User *User    // nil is the agent's own

	Timeout     time.Duration // above 0; it counts from the start
	OutputLimit int           // bytes of output that are kept

	// MaxProcesses and MaxMemoryBytes hold where the host lets the agent set
	// them; 0 is no bound.
	MaxProcesses   int
	MaxMemoryBytes int64

	// Progress takes the output so far: half a second after the start, then at
	// most twice a second when there is more. It runs in a goroutine of its own
	// and holds up nothing; no call begins after Run has returned. Nil is
	// allowed.
	Progress func(Output)
}

// User is who runs a command.
type User struct {
	UID, GID uint32
	Groups   []uint32 // the others that it is in
}

// Output is what a program has written to standard output and error, as text
// that is safe to print.
type Output struct {
	Text      string
	Truncated bool // the middle is left out; a line in the text says so
}

// Result is how a command fared.
type Result struct {
	Started     time.Time
	Duration    time.Duration  // until the program had ended
	Exit        int            // the exit status; -1 where there is none
	Signal      syscall.Signal // what ended it; 0 where it ended by itself
	TimedOut    bool
	Canceled    bool // the context ended, perhaps before the start
	OutOfMemory bool // the kernel killed a process of it at MaxMemoryBytes
	Output      Output
	Err         error // why it could not be started
}
