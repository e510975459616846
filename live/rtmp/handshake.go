package rtmp

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"io"
)

// The handshake's packets: C0 and S0 are the version, the other four have this size.
const (
	shakeVersion = 3
	shakeBytes   = 1536
	digestBytes  = sha256.Size
)

// The keys of the handshake with digests ("complex handshake"). They are no secrets: Flash shipped with them, and every
// implementation has them. The client signs with the text of its own key alone; what follows it is for answers.
const (
	playerKey    = "Genuine Adobe Flash Player 001"
	serverKey    = "Genuine Adobe Flash Media Server 001"
	serverKeyEnd = "\xf0\xee\xc2\x4a\x80\x68\xbe\xe8\x2e\x00\xd0\xd1\x02\x9e\x7e\x57\x6e\xec\x5d\x2d\x29\x80\x6f\xab\x93\xb8\xe6\x36\xcf\xeb\x31\xae"
)

// digestBlocks are the two places where a digest may be: its own block of 764 bytes comes after that of the Diffie-Hellman
// key, which only encryption needs, or before it. The digest's offset inside is the sum of the block's first four bytes.
var digestBlocks = [...]int{8 + 764, 8}

// shake does the server's side of the handshake. The caller has set one deadline for all of it on the connection. A client
// that signed its packet gets a signed answer, for it may insist; all others get the simple one, an echo.
func shake(r *bufio.Reader, w io.Writer) error {
	version, err := r.ReadByte()
	if err != nil {
		return err
	}
	// Others exist only on paper or encrypt (RTMPE); HTTP and TLS at the wrong port are turned away by this, too.
	if version != shakeVersion {
		return protocolError("handshake version %d", version)
	}
	var c1 [shakeBytes]byte
	if _, err := io.ReadFull(r, c1[:]); err != nil {
		return err
	}
	if _, err := w.Write(shakeAnswer(c1[:])); err != nil {
		return err
	}
	// What C2 echoes or signs proves nothing and several encoders get it wrong, so it is not compared.
	_, err = r.Discard(shakeBytes)
	return err
}

// shakeAnswer makes S0, S1 and S2. They leave together: nothing in them depends on C2.
func shakeAnswer(c1 []byte) []byte {
	out := make([]byte, 1+2*shakeBytes)
	out[0] = shakeVersion
	s1, s2 := out[1:1+shakeBytes], out[1+shakeBytes:]
	_, _ = rand.Read(s1[8:]) // never fails
	at := findDigest(c1)
	if at < 0 { // time and version stay zero, which says that nothing is signed
		copy(s2, c1)
		return out
	}
	copy(s1[4:], []byte{3, 5, 7, 1}) // clients look for a digest from 3 on
	block := digestBlocks[0]
	if at < block {
		block = digestBlocks[1]
	}
	own := digestAt(s1, block)
	copy(s1[own:], sign([]byte(serverKey), s1[:own], s1[own+digestBytes:]))
	_, _ = rand.Read(s2)
	key := sign([]byte(serverKey+serverKeyEnd), c1[at:at+digestBytes])
	copy(s2[shakeBytes-digestBytes:], sign(key, s2[:shakeBytes-digestBytes]))
	return out
}

// findDigest returns where a client's packet has its valid digest, -1 if it has none.
func findDigest(c1 []byte) int {
	if bytes.Equal(c1[4:8], make([]byte, 4)) { // the version of a client that does not sign
		return -1
	}
	for _, block := range digestBlocks {
		at := digestAt(c1, block)
		if hmac.Equal(c1[at:at+digestBytes], sign([]byte(playerKey), c1[:at], c1[at+digestBytes:])) {
			return at
		}
	}
	return -1
}

// digestAt is where a packet's digest begins in a block.
func digestAt(p []byte, block int) int {
	sum := int(p[block]) + int(p[block+1]) + int(p[block+2]) + int(p[block+3])
	return block + 4 + sum%(764-4-digestBytes)
}

func sign(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}
