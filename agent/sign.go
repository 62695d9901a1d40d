package agent

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"systant/agent/internal/command/sshsig"
	"systant/pkg/schema"
)

// Sign returns a signed request as JSON, to be published on the topic for
// commands of its host. The key is a file as ssh-keygen writes it, or one whose
// private half the ssh-agent has. An id and the times are filled in where r
// lacks them: it then is good for the time given. It returns errors of the key
// and of the request.
func Sign(r schema.Request, key string, goodFor time.Duration, getenv func(string) string) ([]byte, error) {
	if err := schema.CheckHost(r.Host); err != nil {
		return nil, err
	}
	if r.Command == "" {
		return nil, errors.New("a command is missing")
	}
	if r.RequestID == "" {
		var id [16]byte
		_, _ = rand.Read(id[:]) // never fails, as its documentation says
		r.RequestID = hex.EncodeToString(id[:])
	}
	if r.IssuedAt == nil {
		r.IssuedAt = new(time.Now().UTC())
	}
	if r.ExpiresAt == nil {
		r.ExpiresAt = new(r.IssuedAt.Add(goodFor))
	}
	inner, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	signer, closer, err := sshsig.OpenKey(key, getenv)
	if err != nil {
		return nil, err
	}
	signature, err := sshsig.Sign(signer, schema.SignatureNamespace, inner)
	if err = errors.Join(err, closer.Close()); err != nil {
		return nil, fmt.Errorf("signing the request: %w", err)
	}
	return json.Marshal(schema.Signed{Signed: string(inner), Sig: signature})
}
