package history

import (
	"context"
	"log/slog"
)

// quiet passes what a library logs on, its information at debug level: the
// database tells each step of opening and merging.
type quiet struct {
	slog.Handler
}

// lowered is the level at which a record is kept.
func lowered(level slog.Level) slog.Level {
	if level == slog.LevelInfo {
		return slog.LevelDebug
	}
	return level
}

// Enabled tells whether a record would be kept.
func (h quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return h.Handler.Enabled(ctx, lowered(level))
}

// Handle writes one record.
func (h quiet) Handle(ctx context.Context, r slog.Record) error {
	r.Level = lowered(r.Level)
	return h.Handler.Handle(ctx, r)
}

// WithAttrs returns a handler that adds attrs to each record.
func (h quiet) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quiet{h.Handler.WithAttrs(attrs)}
}

// WithGroup returns a handler that puts what follows into a group.
func (h quiet) WithGroup(name string) slog.Handler {
	return quiet{h.Handler.WithGroup(name)}
}
