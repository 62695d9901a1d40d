package agent

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"systant/agent/internal/command"
	"systant/pkg/schema"
)

// paramName is what a parameter can be called.
var paramName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// onlyParam is the name of the parameter that allowed_params makes.
const onlyParam = "param"

// params returns the parameters of a command.
func (t *commandFile) params() (params []command.Param, option string, err error) {
	if t.AllowedParams != nil {
		if t.Params != nil {
			return nil, "allowed_params", errors.New("stands beside params; one of the two is enough")
		}
		p, err := (&paramFile{Name: onlyParam, Enum: t.AllowedParams}).param()
		if err != nil {
			return nil, "allowed_params", err
		}
		return []command.Param{p}, "", nil
	}
	names := make(map[string]bool)
	for i := range t.Params {
		p, err := t.Params[i].param()
		switch {
		case err != nil:
		case names[p.Name]:
			err = errors.New("the name stands there twice")
		case p.Default == nil && i > 0 && params[i-1].Default != nil:
			err = errors.New("needs a default, as the one before it has one")
		}
		if err != nil {
			return nil, "params", fmt.Errorf("number %d (%s): %w", i+1, t.Params[i].Name, err)
		}
		names[p.Name] = true
		params = append(params, p)
	}
	return params, "", nil
}

// param checks one parameter.
func (t *paramFile) param() (command.Param, error) {
	p := command.Param{Name: t.Name, Description: t.Description, Allow: t.Allow, Default: t.Default, Secret: t.Secret}
	kinds := 0
	if t.Enum != nil {
		kinds++
		p.Type, p.Values = schema.ParamEnum, t.Enum
	}
	if t.Int != nil {
		kinds++
		p.Type = schema.ParamInt
	}
	if t.Match != nil {
		kinds++
		p.Type = schema.ParamMatch
	}
	switch {
	case !paramName.MatchString(t.Name):
		return p, errors.New("name: must be 1 to 32 of a-z, 0-9 and '_', with a letter first")
	case kinds != 1:
		return p, errors.New("must have exactly one of enum, int and match")
	case t.Allow != "" && p.Type != schema.ParamMatch:
		return p, errors.New("allow: is for match only")
	case len(t.Description) > maxDescription:
		return p, fmt.Errorf("description: has more than %d bytes", maxDescription)
	}
	if err := t.fill(&p); err != nil {
		return p, err
	}
	if p.Default != nil {
		if err := p.Check(*p.Default); err != nil {
			return p, fmt.Errorf("default: %w", err)
		}
	}
	return p, nil
}

// fill checks what the type of a parameter needs.
func (t *paramFile) fill(p *command.Param) error {
	switch p.Type {
	case schema.ParamEnum:
		return t.checkEnum()
	case schema.ParamInt:
		if len(t.Int) != 2 || t.Int[0] > t.Int[1] {
			return errors.New("int: must be [least, most]")
		}
		p.Min, p.Max = t.Int[0], t.Int[1]
	case schema.ParamMatch:
		pattern, err := command.NewPattern(*t.Match)
		if err != nil {
			return fmt.Errorf("match: %w", err)
		}
		if strings.ContainsFunc(t.Allow, unusual) || strings.Contains(t.Allow, "*") {
			return errors.New("allow: must be printable ASCII other than '*', which programs expand")
		}
		p.Pattern = pattern
	}
	return nil
}

// checkEnum checks the values of an enumeration.
func (t *paramFile) checkEnum() error {
	for _, value := range t.Enum {
		if value == "" || len(value) > 128 || strings.ContainsFunc(value, unusual) {
			return fmt.Errorf("enum: %+q is not 1 to 128 printable characters of ASCII", value)
		}
	}
	if len(t.Enum) == 0 {
		return errors.New("enum: is empty")
	}
	return nil
}

// unusual tells whether a character is not printable ASCII.
func unusual(r rune) bool {
	return r < ' ' || r > '~'
}
