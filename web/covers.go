package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/url"
	"strings"
	"time"

	"liveroom/live"
	"liveroom/live/snapshot"
)

// Covers makes the addresses of pictures. Those of rooms whose stream needs a signature carry one too: c, good for the day that it
// was made on (UTC) and the next, for all pictures of the room.
type Covers struct {
	PublicURL string
	Key       []byte        // the same on all nodes
	Every     time.Duration // the server's setting: how often pictures are taken of rooms without a rule; 0: never
}

// coverDay is how long signatures stay the same, so that what they lead to can be cached.
const coverDay = 24 * time.Hour

// Cover is the address of a room's cover; empty: no pictures are taken of it.
func (c *Covers) Cover(r live.Room) string {
	if c == nil || r.Screenshots.Or(c.Every) == 0 {
		return ""
	}
	return c.address(r, "cover.jpg")
}

// Shot is the address of a picture.
func (c *Covers) Shot(r live.Room, s snapshot.Shot) string {
	return c.address(r, "screenshots/"+s.File())
}

func (c *Covers) address(r live.Room, file string) string {
	a := strings.TrimSuffix(c.PublicURL, "/") + "/api/v1/rooms/" + url.PathEscape(r.ID) + "/" + file
	if r.PlayAuth == live.PlayNone {
		return a
	}
	return a + "?c=" + c.sign(r.ID, time.Now())
}

// sign is the signature of a room's pictures at some time.
func (c *Covers) sign(room string, at time.Time) string {
	mac := hmac.New(sha256.New, c.Key)
	mac.Write([]byte("cover\x00" + room + "\x00"))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(at.Unix()/int64(coverDay/time.Second)))) //nolint:gosec // after 1970
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
}

// may says why somebody with such a signature may not see a room's pictures.
func (c *Covers) may(r live.Room, given string) error {
	if c.good(r, given, time.Now()) {
		return nil
	}
	return newProblem(http.StatusForbidden, "bad_signature", "take the address of the room's pictures from the room: c is missing, wrong, or older than a day").at("c")
}

// good says whether that is so now.
func (c *Covers) good(r live.Room, given string, now time.Time) bool {
	return r.PlayAuth == live.PlayNone || hmac.Equal([]byte(given), []byte(c.sign(r.ID, now))) ||
		hmac.Equal([]byte(given), []byte(c.sign(r.ID, now.Add(-coverDay))))
}
