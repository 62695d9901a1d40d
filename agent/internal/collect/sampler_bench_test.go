package collect

import (
	"log/slog"
	"testing"

	"systant/agent/internal/kernel"
)

func BenchmarkSample(b *testing.B) {
	s, err := New(everything(kernel.Host{}), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Sample(b.Context())
	}
}

func BenchmarkCollectors(b *testing.B) {
	for _, m := range modules {
		b.Run(m.name, func(b *testing.B) {
			c := everything(kernel.Host{})
			c.Modules = []string{m.name}
			s, err := New(c, slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				s.Sample(b.Context())
			}
		})
	}
}
