package agent

import (
	"systant/agent/internal/nvml"
	"systant/pkg/schema"
)

// Version says what the program is, and what this build of it can't do.
func Version() string {
	if nvml.Supported {
		return schema.Version + " (with NVIDIA GPUs)"
	}
	return schema.Version + " (built without cgo: no NVIDIA GPUs)"
}
