package command

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"systant/pkg/schema"
)

// pattern compiles a pattern that is good.
func pattern(t testing.TB, text string) *regexp.Regexp {
	t.Helper()
	p, err := NewPattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMatchTakesWholeValues(t *testing.T) {
	check := func(text, allow, value, want string) {
		t.Helper()
		p := Param{Name: "p", Type: schema.ParamMatch, Pattern: pattern(t, text), Allow: allow}
		err := p.Check(value)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q by %q with %q: got %v, want %q", value, text, allow, err, want)
		}
	}
	check("[a-z]+", "", "nginx", "")
	check("a|b", "", "ab", "does not match a|b")
	check("a|b", "", "b", "")
	check("(?m)^a$", "", "a\nb", "character that is not allowed")
	check(".*", "", strings.Repeat("a", 128), "")
	check(".*", "", strings.Repeat("a", 129), "more than 128 bytes")
	check(".*", "", "", "is empty")
	check(".*", "/", "a/b", "")
	check(".*", "/", "a/../b", `holds ".."`)
	check(".*", "-", "-a", "starts with '-'")
	for _, value := range []string{"a b", "a\n", "a\x00", "$(id)", "`id`", "a;b", "a*", "а", "\u202ea", "a\xff", "a\"b", "a'b", "a\\b", "a=b", "{a}", "~", "a/b", "！"} {
		check("(?s).*", "", value, "character that is not allowed")
	}
}

func TestIntsHaveOneSpelling(t *testing.T) {
	p := Param{Name: "n", Type: schema.ParamInt, Min: -5, Max: 50}
	for _, good := range []string{"-5", "0", "7", "50"} {
		if err := p.Check(good); err != nil {
			t.Errorf("%s: got %v", good, err)
		}
	}
	for _, bad := range []string{"", "-6", "51", "+5", "05", "-0", "5.0", "5e0", "0x5", " 5", "5 ", "5\n", "٥", "1_0", "99999999999999999999"} {
		if err := p.Check(bad); err == nil || !strings.Contains(err.Error(), "whole number from -5 to 50") {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}

func TestSecretsAreNotRepeated(t *testing.T) {
	p := Param{Name: "pin", Type: schema.ParamMatch, Pattern: pattern(t, "[0-9]+"), Secret: true}
	if err := p.Check("hunter2"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want an error without the value", err)
	}
	c := Command{Params: []Param{{Name: "a"}, p}}
	want := []string{"x", "[hidden]", "[hidden]"}
	if diff := cmp.Diff(want, c.hidden([]string{"x", "1", "2"})); diff != "" {
		t.Errorf("in the audit log (-want +got):\n%s", diff)
	}
}

func TestBindAndArgv(t *testing.T) {
	c := Command{
		Trigger: "t", Argv: []string{"/bin/{a}", "--a={a}", "{a}", "{other}", "{b}{b}"},
		Params: []Param{
			{Name: "a", Type: schema.ParamEnum, Values: []string{"x", "{b}"}},
			{Name: "b", Type: schema.ParamInt, Max: 9},
			{Name: "c", Type: schema.ParamInt, Max: 9, Default: new("3")},
		},
	}
	check := func(given []string, wantErr string, want ...string) {
		t.Helper()
		values, err := c.bind(given)
		if wantErr != "" {
			if err == nil || err.Error() != wantErr {
				t.Errorf("%q: got %v, want %s", given, err, wantErr)
			}
			return
		}
		if diff := cmp.Diff(want, c.argv(values)); err != nil || diff != "" {
			t.Errorf("%q: %v (-want +got):\n%s", given, err, diff)
		}
	}
	check([]string{"x", "1"}, "", "/bin/{a}", "--a=x", "x", "{other}", "11", "3")
	check([]string{"{b}", "1", "2"}, "", "/bin/{a}", "--a={b}", "{b}", "{other}", "11", "2") // no value is looked into
	check([]string{"y", "1"}, `params[0] (a): "y" is none of x, {b}`)
	check([]string{"x"}, "params[1] (b): is missing")
	check([]string{"x", "1", "2", "3"}, "params[3]: t takes 3 at most, not 4")
}

func TestCheckCommand(t *testing.T) {
	one := []Param{{Name: "a", Type: schema.ParamInt}}
	tests := []struct {
		command      Command
		option, want string
	}{
		{Command{Trigger: "a", Argv: []string{"/bin/a", "{a}"}, Params: one}, "", ""},
		{Command{Trigger: "list", Argv: []string{"/bin/a"}}, "trigger", "built in"},
		{Command{Trigger: "A", Argv: []string{"/bin/a"}}, "trigger", "must be"},
		{Command{Trigger: "a"}, "command", "is missing"},
		{Command{Trigger: "a", Argv: []string{"{a}"}, Params: one}, "command", "can't choose the program"},
		{Command{Trigger: "a", Argv: []string{"/bin/a", "{b}"}, Params: one}, "command", "{b} is no parameter"},
		{Command{Trigger: "a", Argv: []string{"/bin/sh", "-c", "echo {a}"}, Params: one}, "command", "a shell would run"},
		{Command{Trigger: "a", Argv: []string{"/usr/bin/env", "bash", "-euc", "echo"}, Params: one}, "command", "a shell would run"},
		{Command{Trigger: "a", Argv: []string{"/bin/su", "nobody", "--command", "x"}, Params: one}, "command", "a shell would run"},
		{Command{Trigger: "a", Argv: []string{"/bin/sh", "-c", "echo fixed"}}, "", ""},
		{Command{Trigger: "a", Argv: []string{"/bin/ping", "-c", "{a}"}, Params: one}, "", ""},
		{Command{Trigger: "a", Argv: []string{"/bin/a", "x\x00"}}, "command", "NUL"},
	}
	for _, test := range tests {
		option, err := test.command.Check()
		if option != test.option || (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %s, %v, want %s, %s", test.command.Argv, option, err, test.option, test.want)
		}
	}
}

// FuzzParam checks that a value which is taken is harmless to any program, and
// stays one argument.
func FuzzParam(f *testing.F) {
	for _, seed := range []string{"nginx", "-rf", "$(id)", "a\nb", "../x", "7", "{a}", "а"} {
		f.Add(seed)
	}
	c := Command{Trigger: "t", Argv: []string{"/bin/true", "--x={any}", "{path}"}, Params: []Param{
		{Name: "any", Type: schema.ParamMatch, Pattern: pattern(f, "(?s).*")},
		{Name: "path", Type: schema.ParamMatch, Pattern: pattern(f, "(?s).*"), Allow: "/, "},
		{Name: "number", Type: schema.ParamInt, Max: 100, Default: new("1")},
	}}
	f.Fuzz(func(t *testing.T, value string) {
		for _, given := range [][]string{{value, "a"}, {"a", value}, {"a", "a", value}} {
			values, err := c.bind(given)
			if err != nil {
				continue
			}
			if !isPrintable(value) || strings.ContainsAny(value, "$`;|&<>*?[]{}()!\\'\"#~%^=+") || strings.HasPrefix(value, "-") || strings.Contains(value, "..") || len(value) > maxValue {
				t.Errorf("%q was taken", value)
			}
			want := []string{"/bin/true", "--x=" + values[0], values[1], values[2]}
			if got := c.argv(values); !slices.Equal(got, want) {
				t.Errorf("got the arguments %q, want %q", got, want)
			}
		}
	})
}
