package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systant/agent/internal/command"
)

// commandOf returns the first command of a configuration that is good.
func commandOf(t *testing.T, text string, getenv func(string) string) command.Command {
	t.Helper()
	c, err := Parse("systant.toml", []byte(text), getenv)
	if err != nil {
		t.Fatal(err)
	}
	return c.Commands.Commands[0]
}

func TestBadCommands(t *testing.T) {
	const head = "[[commands.available]]\ntrigger = \"a\"\ncommand = [\"true\", \"{p}\"]\n"
	param := func(text string) string { return head + "params = [{ name = \"p\", " + text + " }]" }
	tests := []struct{ name, text, want string }{
		{"no trigger", "[[commands.available]]\ncommand = [\"true\"]", "systant.toml:1: commands.available[0]: trigger: must be"},
		{"bad trigger", "[[commands.available]]\ntrigger = \"A b\"\ncommand = [\"true\"]", "systant.toml:2: commands.available[0].trigger: must be"},
		{"built-in trigger", "[[commands.available]]\ntrigger = \"list\"\ncommand = [\"true\"]", "systant.toml:2: commands.available[0].trigger: \"list\" is built in"},
		{"two of a name", "[[commands.available]]\ntrigger = \"a\"\ncommand = [\"true\"]\n[[commands.available]]\ntrigger = \"a\"\ncommand = [\"true\"]", "systant.toml:5: commands.available[1].trigger: there are two"},
		{"no command", "[[commands.available]]\ntrigger = \"a\"", "systant.toml:1: commands.available[0]: command: is missing"},
		{"command as text", "[[commands.available]]\ntrigger = \"a\"\ncommand = \"true x\"", "systant.toml:3: commands.available.command: must be a list"},
		{"unknown parameter", head, "systant.toml:3: commands.available[0].command: {p} is no parameter"},
		{"shell", "[[commands.available]]\ntrigger = \"a\"\ncommand = [\"sh\", \"-c\", \"x {param}\"]\nallowed_params = [\"b\"]", "systant.toml:3: commands.available[0].command: a shell"},
		{"parameter as program", "[[commands.available]]\ntrigger = \"a\"\ncommand = [\"{param}\"]\nallowed_params = [\"b\"]", "systant.toml:3: commands.available[0].command: a parameter can't choose"},
		{"unknown option", head + "shell = true", "systant.toml:4: commands.available.shell: there is no such option"},
		{"no type", param(`secret = true`), "systant.toml:4: commands.available[0].params: number 1 (p): must have exactly one"},
		{"two types", param(`enum = ["a"], match = "a"`), "systant.toml:4: commands.available[0].params: number 1 (p): must have exactly one"},
		{"empty enumeration", param(`enum = []`), "systant.toml:4: commands.available[0].params: number 1 (p): enum: is empty"},
		{"odd value", param(`enum = ["a\n"]`), "systant.toml:4: commands.available[0].params: number 1 (p): enum: "},
		{"bad range", param(`int = [2, 1]`), "systant.toml:4: commands.available[0].params: number 1 (p): int: must be [least, most]"},
		{"half a range", param(`int = [2]`), "systant.toml:4: commands.available[0].params: number 1 (p): int: "},
		{"bad pattern", param(`match = "("`), "systant.toml:4: commands.available[0].params: number 1 (p): match: "},
		{"pattern that breaks out", param(`match = "a)|(b"`), "systant.toml:4: commands.available[0].params: number 1 (p): match: "},
		{"star allowed", param(`match = ".*", allow = "*"`), "systant.toml:4: commands.available[0].params: number 1 (p): allow: "},
		{"allow for others", param(`int = [1, 2], allow = "/"`), "systant.toml:4: commands.available[0].params: number 1 (p): allow: is for match"},
		{"bad default", param(`int = [1, 2], default = "3"`), "systant.toml:4: commands.available[0].params: number 1 (p): default: "},
		{"bad name", head + `params = [{ name = "P-1", int = [1, 2] }]`, "systant.toml:4: commands.available[0].params: number 1 (P-1): name: "},
		{"same name", head + `params = [{ name = "p", int = [1, 2] }, { name = "p", int = [1, 2] }]`, "systant.toml:4: commands.available[0].params: number 2 (p): the name stands there twice"},
		{"default in between", head + `params = [{ name = "p", int = [1, 2], default = "1" }, { name = "q", int = [1, 2] }]`, "systant.toml:4: commands.available[0].params: number 2 (q): needs a default"},
		{"both forms", param(`int = [1, 2]`) + "\nallowed_params = [\"a\"]", "systant.toml:5: commands.available[0].allowed_params: stands beside params"},
		{"short timeout", head + "timeout = \"1ms\"", "systant.toml:4: commands.available[0].timeout: must be"},
		{"long timeout", head + "timeout = \"2h\"", "systant.toml:4: commands.available[0].timeout: must be"},
		{"cooldown", head + "cooldown = -1", "systant.toml:4: commands.available[0].cooldown: must be"},
		{"folder", head + "working_directory = \"tmp\"", "systant.toml:4: commands.available[0].working_directory: must be"},
		{"our secret", param(`int = [1, 2]`) + "\nenv = [\"MQTT_PASSWORD\"]", "systant.toml:5: commands.available[0].env: MQTT_PASSWORD is not handed on"},
		{"loader", param(`int = [1, 2]`) + "\nenv = [\"LD_PRELOAD\"]", "systant.toml:5: commands.available[0].env: LD_PRELOAD is not"},
		{"nameless variable", param(`int = [1, 2]`) + "\nenv = [\"=x\"]", "systant.toml:5: commands.available[0].env: "},
		{"concurrency", "[commands]\nconcurrency = 0", "systant.toml:2: commands.concurrency: must be 1 to 64"},
		{"rate", "[commands]\nrate = 0", "systant.toml:2: commands.rate: must be"},
		{"output", "[commands]\noutput_limit = 1000000", "systant.toml:2: commands.output_limit: must be"},
		{"memory", "[commands]\nmemory_limit = -1", "systant.toml:2: commands.memory_limit: must be"},
		{"relative log", "[commands]\naudit_file = \"audit\"", "systant.toml:2: commands.audit_file: must be an absolute path"},
		{"relative signers", "[commands]\nallowed_signers = \"signers\"", "systant.toml:2: commands.allowed_signers: must be an absolute path"},
		{"no signers", "[commands]\nrequire_signature = true", "commands.allowed_signers: is missing"},
		{"signers not there", "[commands]\nallowed_signers = \"/none/signers\"", "systant.toml:2: commands.allowed_signers: reading the allowed signers"},
		{"limit for nothing", "[[commands.signers]]\nprincipal = \"a\"\nallow = [\"x\"]", "systant.toml:1: commands.signers[0]: allow: there is no command \"x\""},
		{"nameless signer", "[[commands.signers]]\nallow = []", "systant.toml:1: commands.signers[0]: principal: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Parse("systant.toml", []byte(test.text), none); err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want %s…", err, test.want)
			}
		})
	}
}

func TestExampleCommandsAreGood(t *testing.T) {
	c, err := Load("../deploy/examples/commands.toml", none)
	if err != nil {
		t.Fatal(err)
	}
	var triggers []string
	for _, one := range c.Commands.Commands {
		triggers = append(triggers, one.Trigger)
	}
	if diff := cmp.Diff([]string{"info", "df", "ps", "ping", "restart"}, triggers); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func TestCommandDefaults(t *testing.T) {
	c := commandOf(t, "[commands]\ntimeout = \"7s\"\npath = \"/bin\"\n[[commands.available]]\ntrigger = \"a\"\ncommand = [\"sh\", \"-x\"]\nallowed_params = [\"b\"]", none)
	if c.Timeout != 7*time.Second || c.Dir != "/" || c.Argv[0] != "/bin/sh" || c.User != nil || c.Params[0].Name != "param" || c.Place != "systant.toml:6: commands.available[0].command" {
		t.Errorf("got %+v", c)
	}
	if diff := cmp.Diff([]string{"PATH=/bin", "LANG=C.UTF-8", "HOME=/"}, c.Env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestCommandEnvironment(t *testing.T) {
	c := commandOf(t, "[[commands.available]]\ntrigger = \"a\"\ncommand = [\"true\"]\nenv = [\"LANG=de\", \"TZ\", \"UNSET\", \"A=b=c\"]",
		environment(map[string]string{"TZ": "UTC", "MQTT_PASSWORD": "secret", "OTHER": "x"}))
	if diff := cmp.Diff([]string{"PATH=" + defaultPath, "HOME=/", "LANG=de", "TZ=UTC", "A=b=c"}, c.Env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestCommandUser(t *testing.T) {
	c := commandOf(t, "[[commands.available]]\ntrigger = \"a\"\ncommand = [\"true\"]\nuser = \"nobody\"", none)
	switch {
	case os.Geteuid() == 0 && (c.User == nil || c.User.UID == 0 || c.Problem != nil):
		t.Errorf("as root: got %+v, %v", c.User, c.Problem)
	case os.Geteuid() != 0 && c.Problem == nil:
		t.Error("without rights: got no problem")
	}
	if c := commandOf(t, "[[commands.available]]\ntrigger = \"a\"\ncommand = [\"true\"]\nuser = \"no such user\"", none); c.Verify() == nil {
		t.Error("a user that is not there: got no problem")
	}
}

func TestAuditFileIsInTheStateDirectory(t *testing.T) {
	state := environment(map[string]string{"STATE_DIRECTORY": "/var/lib/systant:/var/lib/other"})
	c, err := Parse("", nil, state)
	if err != nil || c.Commands.AuditFile != "/var/lib/systant/audit.jsonl" {
		t.Errorf("got %s, %v", c.Commands.AuditFile, err)
	}
	if c, err = Parse("", []byte("commands.audit_file = \"/a\""), state); err != nil || c.Commands.AuditFile != "/a" {
		t.Errorf("got %s, %v, want the file's", c.Commands.AuditFile, err)
	}
}

func TestCommandsCanBeSwitchedOff(t *testing.T) {
	c, err := Parse("", []byte("[commands]\nenabled = false\n[[commands.available]]\ntrigger = \"a\"\ncommand = [\"true\"]"), none)
	if err != nil || len(c.Commands.Commands) != 0 {
		t.Errorf("got %+v, %v, want no commands", c.Commands.Commands, err)
	}
}

func TestOpenFileWithCommandsIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "systant.toml")
	load := func(text string, mode os.FileMode) error {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path, none)
		return err
	}
	const commands = "[[commands.available]]\ntrigger = \"a\"\ncommand = [\"true\"]"
	if err := load(commands, 0o644); err != nil {
		t.Errorf("a good file: got %v", err)
	}
	if err := load("", 0o666); err != nil {
		t.Errorf("an open file without commands: got %v", err)
	}
	if err := load(commands, 0o666); err == nil || !strings.Contains(err.Error(), "writable by everybody") {
		t.Errorf("an open file: got %v", err)
	}
}

func TestMissingProgramIsNoFault(t *testing.T) {
	c, err := Parse("systant.toml", []byte("[[commands.available]]\ntrigger = \"a\"\ncommand = [\"no-such-program\"]"), none)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CheckHost(); err == nil || !strings.HasPrefix(err.Error(), "systant.toml:3: commands.available[0].command: a: there is no program no-such-program in commands.path") {
		t.Errorf("got %v", err)
	}
}
