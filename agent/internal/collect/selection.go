package collect

// selection is a filter over names of which some are left out unless an
// include pattern asks for them. It is safe for concurrent use.
type selection struct {
	chosen Filter
	usual  Filter
}

// newSelection returns a selection that leaves out what matches the hidden
// patterns, unless chosen includes it.
func newSelection(chosen Filter, hidden []string) (selection, error) {
	usual, err := NewFilter(nil, hidden)
	return selection{chosen: chosen, usual: usual}, err
}

// wants tells whether something with these names is to be published.
func (s selection) wants(names ...string) bool {
	return s.chosen.Allows(names...) && (s.chosen.Includes(names...) || s.usual.Allows(names...))
}
