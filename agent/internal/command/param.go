package command

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"systant/pkg/schema"
)

// base are the characters that a value may have whatever a pattern says. What
// else a pattern needs stands in [Param.Allow].
const base = letters + "0123456789@._:-"

// Param is one parameter of a command. The zero Type is none.
type Param struct {
	Name        string
	Description string
	Type        schema.ParamType
	Values      []string       // of an enum
	Min, Max    int64          // of an int
	Pattern     *regexp.Regexp // of a match; anchored at both ends
	Allow       string         // characters that a match may have besides the usual ones
	Default     *string        // nil: the value must be there
	Secret      bool
}

// NewPattern compiles an RE2 pattern so that it matches a value as a whole.
func NewPattern(pattern string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(pattern); err != nil { // alone: "a)(b" must not become good
		return nil, err
	}
	return regexp.Compile(`\A(?:` + pattern + `)\z`)
}

// Check tells what is wrong with a value.
func (p *Param) Check(value string) error {
	switch p.Type {
	case schema.ParamEnum:
		if !slices.Contains(p.Values, value) {
			return p.complain(value, "is none of "+strings.Join(p.Values, ", "))
		}
		return nil
	case schema.ParamInt:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || strconv.FormatInt(n, 10) != value || n < p.Min || n > p.Max {
			return p.complain(value, fmt.Sprintf("is no whole number from %d to %d", p.Min, p.Max))
		}
		return nil
	case schema.ParamMatch:
		return p.checkMatch(value)
	}
	return errors.New("takes no value")
}

// checkMatch checks text: first against what no program must ever be handed,
// then against the pattern.
func (p *Param) checkMatch(value string) error {
	switch bad := strings.Trim(value, base+p.Allow); {
	case value == "":
		return errors.New("is empty")
	case len(value) > maxValue:
		return p.complain(value, fmt.Sprintf("has more than %d bytes", maxValue))
	case value[0] == '-':
		return p.complain(value, "starts with '-', as options do")
	case strings.Contains(value, ".."):
		return p.complain(value, `holds ".."`)
	case bad != "":
		return p.complain(value, "holds a character that is not allowed")
	case !p.Pattern.MatchString(value):
		return p.complain(value, "does not match "+p.pattern())
	}
	return nil
}

// complain returns an error about a value, which it repeats unless the
// parameter is secret.
func (p *Param) complain(value, problem string) error {
	if p.Secret {
		return errors.New("the value " + problem)
	}
	return fmt.Errorf("%s %s", shown(value), problem)
}

// pattern returns the pattern as it was configured.
func (p *Param) pattern() string {
	return strings.TrimSuffix(strings.TrimPrefix(p.Pattern.String(), `\A(?:`), `)\z`)
}

// offer returns what others are told about the parameter.
func (p *Param) offer() schema.Param {
	o := schema.Param{Name: p.Name, Description: p.Description, Type: p.Type, Values: p.Values, Default: p.Default, Secret: p.Secret}
	switch p.Type {
	case schema.ParamInt:
		o.Min, o.Max = &p.Min, &p.Max
	case schema.ParamMatch:
		o.Pattern = p.pattern()
	}
	return o
}
