package schema

// NixOS is the state of a NixOS host: which system it runs, and which one it
// would boot. Times are seconds since 1970-01-01 00:00:00 UTC.
type NixOS struct {
	// State tells how the three systems relate, by their paths in the store:
	// "booted" (all the same), "activated" (the machine runs the system that it
	// would boot, and was booted with another one), "built" (it would boot a
	// system that was not activated), "test" (it runs a system that the next
	// boot forgets).
	State string `json:"state,omitempty"`
	// Version is NixOS' own, such as 25.11.20251120.0cc1d5f.
	Version string `json:"version,omitempty"`
	// Revision is that of the configuration, where it sets
	// system.configurationRevision.
	Revision string `json:"revision,omitempty"`
	// NixpkgsRevision is the commit of nixpkgs.
	NixpkgsRevision string `json:"nixpkgs_revision,omitempty"`
	// Specialisation is the name of the one that runs, if one does.
	Specialisation    string `json:"specialisation,omitempty"`
	Generation        *int   `json:"generation,omitempty"`
	CurrentGeneration *int   `json:"current_generation,omitempty"`
	BootedGeneration  *int   `json:"booted_generation,omitempty"`
	Generations       int    `json:"generations"`
	GenerationTime    *int64 `json:"generation_time,omitempty"`
	NixpkgsTime       *int64 `json:"nixpkgs_time,omitempty"`
	UpgradeTime       *int64 `json:"upgrade_time,omitempty"`
	// UpgradeResult is systemd's word for how nixos-upgrade.service ended last
	// since the boot: "success", "exit-code", "timeout" and so on.
	UpgradeResult string `json:"upgrade_result,omitempty"`
	GCTime        *int64 `json:"gc_time,omitempty"`
	// GCResult is the same for nix-gc.service.
	GCResult   string  `json:"gc_result,omitempty"`
	StoreBytes *uint64 `json:"store_bytes,omitempty"`
}

// nixosMetrics are the rows of [NixOS].
var nixosMetrics = []Metric{
	{"nixos.generation", "Generation", Count, Main, "Number of the system that the next boot starts, from /nix/var/nix/profiles/system."},
	{"nixos.current_generation", "Active generation", Count, Detail, "Number of the system that was activated last, from /run/current-system; absent where no generation is that system."},
	{"nixos.booted_generation", "Booted generation", Count, Detail, "Number of the system that was booted, from /run/booted-system; absent where no generation is that system any more."},
	{"nixos.generations", "Generations", Count, Detail, "Generations of the system that are kept, from /nix/var/nix/profiles."},
	{"nixos.generation_time", "Generation made", Timestamp, Main, "When the system that the next boot starts was installed, from the time of its link in /nix/var/nix/profiles."},
	{"nixos.nixpkgs_time", "nixpkgs date", Timestamp, Main, "Day of the nixpkgs commit that the active system was made of, from its nixos-version; absent where that tells none."},
	{"nixos.upgrade_time", "Last upgrade", Timestamp, Main, "When nixos-upgrade.service ended last, or before the last boot when its timer last started it, from systemd."},
	{"nixos.gc_time", "Last garbage collection", Timestamp, Detail, "When nix-gc.service ended last, or before the last boot when its timer last started it, from systemd."},
	{"nixos.store_bytes", "Store", Bytes, Main, "Used bytes of the filesystem of /nix or /nix/store, from statfs(2); absent where that filesystem holds anything else."},
}
