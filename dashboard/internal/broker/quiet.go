package broker

import (
	"context"
	"log/slog"
)

// errorsOnly passes a library's errors on at debug level and drops the rest:
// mochi reports every client that breaks the protocol or just goes away.
type errorsOnly struct {
	slog.Handler
}

// Enabled tells whether a record would be kept.
func (h errorsOnly) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError && h.Handler.Enabled(ctx, slog.LevelDebug)
}

// Handle writes one record.
func (h errorsOnly) Handle(ctx context.Context, r slog.Record) error {
	kept := slog.NewRecord(r.Time, slog.LevelDebug, "broker library reported an error", r.PC)
	kept.AddAttrs(slog.String("err", r.Message))
	r.Attrs(func(a slog.Attr) bool {
		kept.AddAttrs(a)
		return true
	})
	return h.Handler.Handle(ctx, kept)
}

// WithAttrs returns a handler that adds attrs to each record.
func (h errorsOnly) WithAttrs(attrs []slog.Attr) slog.Handler {
	return errorsOnly{h.Handler.WithAttrs(attrs)}
}

// WithGroup returns a handler that puts what follows into a group.
func (h errorsOnly) WithGroup(name string) slog.Handler {
	return errorsOnly{h.Handler.WithGroup(name)}
}
