package account

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"io"
)

// unpack undoes pack for any zlib level, and bounds what a hostile signature may expand to.
func unpack(sig string) ([]byte, error) {
	if len(sig) > maxSigBytes {
		return nil, because(ErrMalformed, "the UserSig is longer than %d bytes", maxSigBytes)
	}
	raw, err := fromAlphabet(sig)
	if err != nil {
		return nil, err
	}
	src := bytes.NewReader(raw)
	z, err := zlib.NewReader(src)
	if err != nil {
		return nil, because(ErrMalformed, "the UserSig is not a zlib stream; was it cut?")
	}
	defer z.Close()
	doc, err := io.ReadAll(io.LimitReader(z, maxDocBytes+1))
	if err != nil {
		return nil, because(ErrMalformed, "the UserSig's zlib stream is broken; was it cut?")
	}
	if len(doc) > maxDocBytes {
		return nil, because(ErrMalformed, "the UserSig holds more than %d bytes", maxDocBytes)
	}
	if src.Len() > 0 {
		return nil, because(ErrMalformed, "something follows the UserSig's zlib stream")
	}
	return doc, nil
}

// fromAlphabet decodes base64 in Tencent's alphabet, which is not RFC 4648's URL alphabet.
func fromAlphabet(sig string) ([]byte, error) {
	text := []byte(sig)
	for i, c := range text {
		switch {
		case c == '*':
			text[i] = '+'
		case c == '-':
			text[i] = '/'
		case c == '_':
			text[i] = '='
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		default:
			return nil, because(ErrMalformed, "the UserSig holds a character outside its alphabet; was it URL-encoded twice?")
		}
	}
	n, err := base64.StdEncoding.Decode(text, text)
	if err != nil {
		return nil, because(ErrMalformed, "the UserSig is not base64; was it cut?")
	}
	return text[:n], nil
}
