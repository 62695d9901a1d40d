package nix

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestProgramsTakeTheirFiles has the programs check the configuration files that
// come of the samples, so that modules and programs can't drift apart.
func TestProgramsTakeTheirFiles(t *testing.T) {
	systems := samples(t)
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./agent/cmd/systant-agent", "./dashboard/cmd/systant-dashboard")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	programs := map[string]string{"systant": "systant-agent", "systant-dashboard": "systant-dashboard"}
	seen := 0
	for name, s := range systems {
		for service, values := range s.Settings {
			folder := t.TempDir()
			path := filepath.Join(folder, service+".toml")
			text := here(t, folder, settings(t, values), s)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			check := exec.CommandContext(t.Context(), filepath.Join(bin, programs[service]), "check", "-config", path)
			check.Env = []string{"STATE_DIRECTORY=" + folder}
			if strings.Contains(s.Units[programs[service]], "MQTT_PASSWORD_FILE=") {
				check.Env = append(check.Env, "MQTT_PASSWORD_FILE="+filepath.Join(folder, "mqtt-password"))
			}
			if out, err := check.CombinedOutput(); err != nil || string(out) != "the configuration is good\n" {
				t.Errorf("%s of %s: %v: %s\n%s", service, name, err, out, text)
			}
			seen++
		}
	}
	if seen < len(systems) {
		t.Errorf("got %d files of %d systems, want one at least of each", seen, len(systems))
	}
}

// here returns a configuration file that names what this machine has: secrets
// in folder, and programs where they are.
func here(t *testing.T, folder, text string, s system) string {
	t.Helper()
	secrets(t, folder)
	signers := filepath.Join(folder, "signers")
	if err := os.WriteFile(signers, []byte(strings.Join(s.Signers, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const fake = "/nix/store/00000000000000000000000000000000-"
	return strings.NewReplacer(
		"/run/credentials/systant-agent.service", folder,
		"/run/credentials/systant-dashboard.service", folder,
		"/etc/ssl/certs/ca-certificates.crt", filepath.Join(folder, "mqtt-certificate"),
		fake+"systant-allowed-signers", signers,
		fake+"systemd/bin/systemctl", installed(t, "systemctl"),
	).Replace(text)
}

// secrets puts what systemd would hand over into a folder.
func secrets(t *testing.T, folder string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"mqtt-password":    []byte("secret\n"),
		"broker-password":  []byte("secret\n"),
		"history-password": []byte("secret\n"),
		"mqtt-certificate": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		"mqtt-key":         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
