package rtmp

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

// playerKeyEnd is what only a client needs of its key: it signs C2 with the whole.
const playerKeyEnd = serverKeyEnd

// signedC1 is a client's packet with a digest in one of the two blocks.
func signedC1(seed uint64, block int) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	c1 := make([]byte, shakeBytes)
	for i := range c1 {
		c1[i] = byte(rng.Uint32())
	}
	copy(c1[4:], []byte{9, 0, 124, 2})
	at := digestAt(c1, block)
	copy(c1[at:], sign([]byte(playerKey), c1[:at], c1[at+digestBytes:]))
	return c1
}

// answerTo is what the server says to a client's packets.
func answerTo(t *testing.T, c1 []byte) (s1, s2 []byte) {
	t.Helper()
	var out bytes.Buffer
	in := bufio.NewReader(iotest.HalfReader(io.MultiReader(bytes.NewReader([]byte{3}), bytes.NewReader(c1), bytes.NewReader(make([]byte, shakeBytes)))))
	if err := shake(in, &out); err != nil {
		t.Fatal(err)
	}
	if b := out.Bytes(); len(b) != 1+2*shakeBytes || b[0] != 3 {
		t.Fatalf("%d bytes came", len(b))
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		t.Error("the handshake did not take all of C2")
	}
	return out.Bytes()[1 : 1+shakeBytes], out.Bytes()[1+shakeBytes:]
}

func TestHandshakeWithDigests(t *testing.T) {
	for _, block := range digestBlocks {
		for seed := range uint64(50) {
			c1 := signedC1(seed, block)
			s1, s2 := answerTo(t, c1)
			if s1[4] < 3 {
				t.Fatalf("server version %v: a client would not look for a digest", s1[4:8])
			}
			own := digestAt(s1, block)
			if want := sign([]byte(serverKey), s1[:own], s1[own+digestBytes:]); !bytes.Equal(s1[own:own+digestBytes], want) {
				t.Fatalf("block %d, seed %d: S1 is not signed in the client's way", block, seed)
			}
			at := digestAt(c1, block)
			key := sign([]byte(serverKey+serverKeyEnd), c1[at:at+digestBytes])
			end := shakeBytes - digestBytes
			if !bytes.Equal(s2[end:], sign(key, s2[:end])) {
				t.Fatalf("block %d, seed %d: S2 does not answer the client's digest", block, seed)
			}
		}
	}
}

func TestHandshakeWithoutDigests(t *testing.T) {
	damaged := signedC1(7, digestBlocks[0])
	damaged[700] ^= 1
	unversioned := signedC1(7, digestBlocks[0])
	clear(unversioned[4:8])
	for name, c1 := range map[string][]byte{
		"zeros": make([]byte, shakeBytes), "version without digest": append([]byte{0, 0, 0, 0, 9, 0, 124, 2}, make([]byte, shakeBytes-8)...),
		"damaged digest": damaged, "no version": unversioned,
		"largest offsets": append(append(make([]byte, 4), 9, 0, 0, 0, 0xff, 0xff, 0xff, 0xff), bytes.Repeat([]byte{0xff}, shakeBytes-12)...),
	} {
		t.Run(name, func(t *testing.T) {
			s1, s2 := answerTo(t, c1)
			if !bytes.Equal(s2, c1) {
				t.Error("S2 is no echo")
			}
			if !bytes.Equal(s1[:8], make([]byte, 8)) {
				t.Errorf("S1 begins with % x: a client might look for a digest", s1[:8])
			}
		})
	}
}

// The digest of a packet of zeros, computed with another language's library.
func TestDigestOfAKnownPacket(t *testing.T) {
	c1 := make([]byte, shakeBytes)
	copy(c1[4:], []byte{9, 0, 124, 2})
	at := digestAt(c1, digestBlocks[1])
	if at != 12 {
		t.Fatalf("the digest is at %d", at)
	}
	got := hex.EncodeToString(sign([]byte(playerKey), c1[:at], c1[at+digestBytes:]))
	if want := "6b13d867e07634a25928175336026199f9eeab8d0a2b43e6997f760efa98db6f"; got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

func TestHandshakeVersions(t *testing.T) {
	for _, version := range []byte{0, 2, 4, 6, 'G', 0x16} {
		err := shake(bufio.NewReader(bytes.NewReader([]byte{version})), io.Discard)
		if !errors.Is(err, errProtocol) {
			t.Errorf("version %d: %v", version, err)
		}
	}
	for _, n := range []int{0, 1, 700, 1 + shakeBytes, 2 * shakeBytes} {
		if err := shake(bufio.NewReader(bytes.NewReader(append([]byte{3}, make([]byte, 2*shakeBytes)...)[:n])), io.Discard); err == nil {
			t.Errorf("%d bytes were taken for a handshake", n)
		}
	}
}

// A client that insists on digests, up to a push.
func TestSignedHandshakeLeadsToAPush(t *testing.T) {
	d := open(t, Config{}, newRoom())
	c := dial(t, d.addr)
	c1 := signedC1(3, digestBlocks[1])
	c.raw(append([]byte{3}, c1...)...)
	answer := make([]byte, 1+2*shakeBytes)
	if _, err := io.ReadFull(c.in.r, answer); err != nil {
		t.Fatal(err)
	}
	s1 := answer[1 : 1+shakeBytes]
	own := digestAt(s1, digestBlocks[1])
	c2 := make([]byte, shakeBytes)
	end := shakeBytes - digestBytes
	copy(c2[end:], sign(sign([]byte(playerKey+playerKeyEnd), s1[own:own+digestBytes]), c2[:end]))
	c.raw(c2...)
	c.answer(c.call("connect", amfProps{{"app", "live"}}))
	c.answer(c.call("createStream", nil))
	c.call("publish", nil, "room", "live")
	c.wantStatus("NetStream.Publish.Start")
}

func FuzzHandshake(f *testing.F) {
	f.Add([]byte{})
	f.Add(append([]byte{3}, make([]byte, 2*shakeBytes)...))
	f.Add(append([]byte{3}, append(signedC1(1, digestBlocks[0]), make([]byte, shakeBytes)...)...))
	f.Add(append([]byte{3}, append(signedC1(2, digestBlocks[1]), make([]byte, shakeBytes)...)...))
	f.Fuzz(func(t *testing.T, wire []byte) {
		var out bytes.Buffer
		err := shake(bufio.NewReader(bytes.NewReader(wire)), &out)
		if (err == nil) != (len(wire) > 2*shakeBytes && wire[0] == 3) {
			t.Fatalf("%d bytes: %v", len(wire), err)
		}
		if n := out.Len(); n != 0 && n != 1+2*shakeBytes {
			t.Fatalf("%d bytes were answered", n)
		}
		if out.Len() == 0 {
			return
		}
		// Echo or signature, never a mixture.
		c1, s2 := wire[1:1+shakeBytes], out.Bytes()[1+shakeBytes:]
		if bytes.Equal(s2, c1) == (findDigest(c1) >= 0) {
			t.Fatal("the answer is not of the client's kind")
		}
	})
}
