package fleet

import "testing"

// TestEar has nobody be heard for a while.
func TestEar(t *testing.T) {
	walk(t, map[string][]step{
		"silence says nothing while nobody can be heard": {
			{0, "back", ""},
			{0, "sample a", "a online 0"},
			{10, "sample b", "a online 0, b online 10"},
			{31, "tick", "a stale 30, b online 10"},
			{32, "lost", "a stale 30, b online 10"},
			{90, "tick", "a stale 30, b online 10"},
			{100, "lost", "a stale 30, b online 10"},
			{132, "back", "a stale 30, b online 10"},
			{139, "tick", "a stale 30, b online 10"},
			{141, "tick", "a stale 30, b stale 140"},
			{142, "sample a", "a online 142, b stale 140"},
			{173, "tick", "a stale 172, b stale 140"},
		},
		"nor what was silent while the dashboard did not run": {
			{0, "back", ""},
			{1, "heard x -100", ""},
			{1, "retained a -100", "a online 1"},
			{2, "heard x -120", "a online 1"},
			{2, "retained b -120", "a online 1, b online 2"},
			{3, "retained c -140", "a online 1, b online 2, c stale -110"},
			{11, "tick", "a online 1, b stale 10, c stale -110"},
			{20, "sample a", "a online 1, b stale 10, c stale -110"},
			{51, "tick", "a stale 50, b stale 10, c stale -110"},
		},
		"a clock that is ahead does not deafen": {
			{0, "heard x 3600", ""},
			{0, "back", ""},
			{0, "sample a", "a online 0"},
			{31, "tick", "a stale 30"},
		},
		"a broker that ends publishes all wills": {
			{0, "back", ""},
			{0, "sample a", "a online 0"},
			{10, "offline a", "a online 0"},
			{11, "lost", "a online 0"},
			{20, "tick", "a online 0"},
			{40, "back", "a online 0"},
			{41, "retained-offline a", "a online 0"},
			{42, "sample a", "a online 0"},
			{50, "offline a", "a online 0"},
			{53, "tick", "a offline 50"},
		},
		"and keeps them of those that did not come back": {
			{0, "back", ""},
			{0, "sample a", "a online 0"},
			{10, "lost", "a online 0"},
			{40, "back", "a online 0"},
			{41, "retained-offline a", "a online 0"},
			{61, "tick", "a stale 60"},
			{62, "retained-offline a", "a offline 62"},
		},
		"what is said at the start counts": {
			{0, "back", ""},
			{0, "retained a -5", "a online 0"},
			{0, "retained-offline a", "a offline 0"},
			{0, "retained-offline b", "a offline 0, b offline 0"},
		},
		"a sample takes a will back": {
			{0, "sample a", "a online 0"},
			{1, "offline a", "a online 0"},
			{2, "sample a", "a online 0"},
			{9, "tick", "a online 0"},
		},
	})
}
