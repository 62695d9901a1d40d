package collect

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// release is the name of a kernel as uname(1) has it, such as
// "6.1.0-37-cloud-amd64", taken apart.
type release struct {
	name string
	// flavour is the name with "#" for each version in it: "#-#-cloud-amd64".
	flavour string
	// versions are the numbers, in order: one list for each "#".
	versions [][]int
}

// parseRelease takes a kernel's name apart. A version is numbers with dots
// between them. Digits that follow a letter are no version but part of the
// flavour: the names of a Raspberry Pi's kernels for different processors end
// with "-v7+" and "-v8+".
func parseRelease(name string) release {
	r := release{name: name}
	var flavour strings.Builder
	for i := 0; i < len(name); {
		end := i + 1
		if isDigit(name[i]) && (i == 0 || !isLetter(name[i-1])) {
			for end < len(name) && (isDigit(name[end]) || name[end] == '.' && end+1 < len(name) && isDigit(name[end+1])) {
				end++
			}
			r.versions = append(r.versions, numbersOf(name[i:end]))
			flavour.WriteByte('#')
		} else {
			for isDigit(name[i]) && end < len(name) && isDigit(name[end]) {
				end++ // all digits of "amd64", as the second one follows no letter
			}
			flavour.WriteString(name[i:end])
		}
		i = end
	}
	r.flavour = flavour.String()
	return r
}

// numbersOf returns the numbers of a version. One that fits no int is 0.
func numbersOf(version string) []int {
	var numbers []int
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			n = 0
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// newer tells whether a kernel is of the same flavour as another one, and of a
// later version.
func (r release) newer(than release) bool {
	return r.alike(than) && slices.CompareFunc(r.versions, than.versions, slices.Compare[[]int]) > 0
}

// alike tells whether two kernels are of the same flavour.
func (r release) alike(other release) bool {
	return r.flavour == other.flavour && len(r.versions) > 0
}

// newest returns the latest of kernels of the same flavour, or the zero release.
func newest(all []release) release {
	if len(all) == 0 {
		return release{}
	}
	return slices.MaxFunc(all, func(a, b release) int {
		return cmp.Or(slices.CompareFunc(a.versions, b.versions, slices.Compare[[]int]), strings.Compare(a.name, b.name))
	})
}

// isDigit tells whether a byte is an ASCII digit.
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isLetter tells whether a byte is an ASCII letter.
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
