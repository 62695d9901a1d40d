package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"systant/pkg/mqtt"
	"systant/pkg/schema"
)

// canaries are the secrets that a test hides, and then looks for.
type canaries struct {
	password, environment, param string
}

// newCanaries returns secrets of no other test.
func newCanaries() canaries {
	return canaries{"password." + newMark(), "environment." + newMark(), "param." + newMark()}
}

// keeperCommands are commands that are handed secrets, or look for them.
const keeperCommands = `
[[commands.available]]
trigger = "env"
command = ["env"]
env = ["GIVEN=yes", "HANDED", "MISSING"]
[[commands.available]]
trigger = "files"
command = ["ls", "-l", "/proc/self/fd"]
[[commands.available]]
trigger = "folder"
command = ["pwd"]
[[commands.available]]
trigger = "login"
command = ["false", "{pin}"]
params = [{ name = "user", match = "[a-z]+" }, { name = "pin", match = "[a-z0-9.-]+", secret = true }]
[[commands.available]]
trigger = "unlock"
command = ["true", "{pin}"]
params = [{ name = "pin", match = "[a-z0-9.-]+", secret = true }]
[[commands.available]]
trigger = "choose"
command = ["true", "{pin}"]
params = [{ name = "pin", enum = ["a", "b"], secret = true }]
[[commands.available]]
trigger = "broken"
command = ["FOLDER/broken.sh", "{pin}"]
params = [{ name = "pin", match = "[a-z0-9.-]+", secret = true }]
`

// keeperRequests are requests with a secret, PIN, and how they are answered.
var keeperRequests = map[string]schema.Status{
	`"env"`:                                                  schema.StatusOK,
	`"unlock","params":["PIN"]`:                              schema.StatusOK,
	`"login","params":["anna","PIN"]`:                        schema.StatusFailed,
	`"broken","params":["PIN"]`:                              schema.StatusFailed,
	`"login","params":["anna","PIN;"]`:                       schema.StatusRefused,
	`"login","params":["anna","-PIN"]`:                       schema.StatusRefused,
	`"login","params":["ANNA","PIN"]`:                        schema.StatusRefused,
	`"login","params":["anna","PIN","more"]`:                 schema.StatusRefused,
	`"unlock","params":["x","PIN"]`:                          schema.StatusRefused,
	`"choose","params":["PIN"]`:                              schema.StatusRefused,
	`"unlock","params":["PIN"],"host":"other"`:               schema.StatusRefused,
	`"unlock","params":["` + strings.Repeat("PIN", 5) + `"]`: schema.StatusRefused,
}

// newKeeper starts a host that has secrets, in an environment that somebody has
// prepared for it.
func newKeeper(t *testing.T, c canaries) *victim {
	t.Helper()
	v := newVictim(t, keeperCommands)
	if err := os.WriteFile(filepath.Join(v.folder, "broken.sh"), []byte("#!/no/such/shell\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	evil := filepath.Join(v.folder, "evil")
	if err := os.Mkdir(evil, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"env", "ls", "sh", "true", "false", "pwd"} {
		v.script(t, filepath.Join("evil", name), "echo evil >> "+v.folder+"/marks\n")
	}
	v.reconfigure(t, "[mqtt]", fmt.Sprintf("log_level = \"debug\"\n[mqtt]\nusername = \"agent\"\npassword = %q", c.password))
	v.kill(t, syscall.SIGTERM)
	folder, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	v.agent = launch(t, "/bin/sh", []string{"SECRET=" + c.environment, "HANDED=on", "BASH_ENV=/evil", "PATH=" + evil},
		"-c", `exec 7</etc/passwd 9>>"$1"; shift; export LD_PRELOAD=/evil.so LD_LIBRARY_PATH=/evil; exec "$@"`,
		"sh", filepath.Join(v.folder, "inherited"), filepath.Join(folder, "systant-agent"), "-config", v.config)
	v.await(t)
	return v
}

// TestTortureSecrets looks for secrets in all that an agent says, writes and
// sends while commands run, fail and are refused.
func TestTortureSecrets(t *testing.T) {
	c := newCanaries()
	v := newKeeper(t, c)
	_, all := v.broker.connect(t, "#")
	rounds, sent := scale(3, 12), 0 // more would not be answered: most run nothing
	for range rounds {
		for command, want := range keeperRequests {
			id := newID("secret")
			request := fmt.Sprintf(`{"command":%s,"request_id":%q}`, strings.ReplaceAll(command, "PIN", c.param), id)
			if r := v.ask(t, id, request); r.Status != want && r.Status != schema.StatusBusy {
				t.Errorf("%s: got %s %s, want %s", command, r.Status, r.Error, want)
			}
			sent++
			v.ask(t, id, request) // a repetition is answered and audited too
		}
		v.send(t, mqtt.Message{Payload: []byte(`{"command":"unlock","params":["` + c.param)}) // broken off
	}
	v.await(t)
	said := map[string]string{"standard error": v.agent.said()}
	v.kill(t, syscall.SIGTERM)
	said["the audit log"] = v.audit(t)
	seen := 0 // in the requests themselves, which have to have it
	for len(all) > 0 {
		if m := <-all; m.Topic != requests {
			said[m.Topic] += string(m.Payload) + "\n"
		} else if strings.Contains(string(m.Payload), c.param) {
			seen++
		}
	}
	if seen < sent {
		t.Errorf("the test has seen only %d requests with the secret of %d", seen, sent)
	}
	size, hits := c.search(t, said)
	if n := v.marks(t)["evil"]; n > 0 {
		t.Errorf("programs of the agent's PATH have run %d times", n)
	}
	t.Logf("torture: secrets: %d requests and as many repetitions, %d bytes of %d logs and topics: %d hits of 3 secrets", sent, size, len(said), hits)
}

// search looks for the secrets in texts, and returns the size of all and how
// often there was a secret.
func (c canaries) search(t *testing.T, said map[string]string) (size, hits int) {
	t.Helper()
	for where, text := range said {
		size += len(text)
		for _, secret := range []string{c.password, c.environment, c.param} {
			if n := strings.Index(text, secret); n >= 0 {
				hits += strings.Count(text, secret)
				t.Errorf("%s has a secret: …%s…", where, text[max(0, n-300):min(len(text), n+60)])
			}
		}
	}
	return size, hits
}

// TestTortureInheritance checks that a command has the environment, the files
// and the folder that it is meant to have, and no others.
func TestTortureInheritance(t *testing.T) {
	v := newKeeper(t, newCanaries())
	rounds := scale(3, 100)
	file := regexp.MustCompile(`(\d+) -> (\S+)`)
	for range rounds {
		id := newID("env")
		got := strings.Fields(v.ask(t, id, fmt.Sprintf(`{"command":"env","request_id":%q}`, id)).Output)
		slices.Sort(got)
		want := []string{"GIVEN=yes", "HANDED=on", "HOME=/", "LANG=C.UTF-8",
			"PATH=/run/wrappers/bin:/run/current-system/sw/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
		if !slices.Equal(got, want) {
			t.Fatalf("the environment of a command: got %q, want %q", got, want)
		}
		id = newID("files")
		open := make(map[string]string)
		for _, match := range file.FindAllStringSubmatch(v.ask(t, id, fmt.Sprintf(`{"command":"files","request_id":%q}`, id)).Output, -1) {
			open[match[1]] = match[2]
		}
		// The fourth is the folder that ls itself reads.
		if len(open) != 4 || open["0"] != "/dev/null" || !strings.HasPrefix(open["1"], "pipe:") || open["1"] != open["2"] || !strings.HasPrefix(open["3"], "/proc/") {
			t.Fatalf("the open files of a command: %v", open)
		}
		id = newID("folder")
		if r := v.ask(t, id, fmt.Sprintf(`{"command":"folder","request_id":%q}`, id)); r.Output != "/\n" {
			t.Fatalf("the folder of a command: %+v", r)
		}
	}
	t.Logf("torture: inheritance: %d rounds with LD_PRELOAD, BASH_ENV, SECRET, a hostile PATH and two inherited files: 0 came through", rounds)
}
