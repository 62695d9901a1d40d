// Package process runs a program in such a way that nothing of it is left when
// it has ended, or when its time is over: no process, however it hid, no
// zombie, no cgroup, and no reader that waits for output.
//
// It does not decide what may run: that is what package command is for, the
// only user of this one. It starts no shell, and gives a program what
// [Command] says and nothing of the agent's own.
//
// [Open] finds out what the host allows. Where the agent may make cgroups,
// each command has its own, and many run at once. Where it may not, the agent
// adopts what a command leaves behind, and runs one command at a time, so that
// whatever it adopts belongs to that one. [Runner.Run] returns at most a second
// after the timeout, whatever the program does.
//
// What a command can't be kept from: one that runs as root can leave its
// cgroup, and any can ask a service, such as systemd or cron, to start
// something else.
package process
