package nvml

import "os"

// nixosLibrary is where NixOS links the library of the running driver; it is
// in no folder that the dynamic linker searches.
const nixosLibrary = "/run/opengl-driver/lib/libnvidia-ml.so.1"

// LibraryPath returns the library to load: the configured path, else NixOS's
// when it exists, else the name for the dynamic linker to search.
func LibraryPath(configured string) string {
	if configured != "" {
		return configured
	}
	if _, err := os.Stat(nixosLibrary); err == nil {
		return nixosLibrary
	}
	return "libnvidia-ml.so.1"
}
