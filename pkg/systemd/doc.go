// Package systemd tells the service manager that started a program how that
// program is doing, as sd_notify(3) describes it: that it is ready, that it is
// still alive, and that it stops. Elsewhere, where nothing was started by
// systemd, all of it does nothing.
//
// It is not a client of systemd's D-Bus interface, and needs nothing but the
// standard library. A program makes one [Notifier] from its environment, calls
// [Notifier.Ready] once, and from the goroutine whose progress matters
// [Notifier.Alive] at each tick of [Notifier.Ticker].
package systemd
