// Package repo holds the rules of this repository, as tests over its source:
// comments, names, sizes, imports, modules and words. CONTRIBUTING.md gives
// the reasons; a test that fails here names the file, the line and the rule.
package repo
