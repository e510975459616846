package main

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"liveroom/web/signin"
)

// signInKey is what browsers' sessions and links are made with. It changes with the node key and with the API token: who
// got in by a token that was replaced is out.
func signInKey(keys Secrets) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, []byte(keys.NodeKey), []byte(keys.APIToken), "liveroom sign-in", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive the key of sign-ins: %w", err)
	}
	return key, nil
}

// joinSignIn makes who knows who is signed in with a browser.
func (p *program) joinSignIn(keys Secrets) error {
	key, err := signInKey(keys)
	if err == nil {
		p.signIn, err = signin.New(signin.Config{Key: key}, p.stores.signIn)
	}
	return err
}
