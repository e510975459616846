package status

import (
	"encoding/json"
	"strconv"
	"time"
)

// wireTime is RFC 3339 in UTC with milliseconds (design §3).
const wireTime = "2006-01-02T15:04:05.000Z"

// MarshalJSON writes the record as it is on the wire: its fields in their order, times with exactly three decimals. A
// struct that embeds Record would be written like a Record alone; give it a field instead.
func (r Record) MarshalJSON() ([]byte, error) {
	type plain Record // without this method
	wire := struct {
		plain                // room to session
		Since        string  `json:"since"`
		StreamActive bool    `json:"streamActive"` // named again so that the order stays the contract's
		GraceUntil   *string `json:"graceUntil"`
		PlaybackURL  *string `json:"playbackUrl"`
		Delay        Delay   `json:"delay,omitempty"`
	}{plain: plain(r), Since: r.Since.UTC().Format(wireTime), StreamActive: r.StreamActive, PlaybackURL: r.PlaybackURL, Delay: r.Delay}
	if r.GraceUntil != nil {
		until := r.GraceUntil.UTC().Format(wireTime)
		wire.GraceUntil = &until
	}
	return json.Marshal(wire)
}

// Delay is a length of time that is whole seconds on the wire: "30s".
type Delay time.Duration

// MarshalText writes it.
func (d Delay) MarshalText() ([]byte, error) {
	return append(strconv.AppendInt(nil, int64(time.Duration(d)/time.Second), 10), 's'), nil
}

// UnmarshalText reads it.
func (d *Delay) UnmarshalText(text []byte) error {
	read, err := time.ParseDuration(string(text))
	*d = Delay(read)
	return err
}

// Short is the record for those who only want to know whether the room is live, at most 512 bytes of JSON: the custom field
// live_status.
func (r Record) Short() ([]byte, error) {
	return json.Marshal(struct {
		Code    Code   `json:"code"`
		Name    string `json:"name"`
		Version uint64 `json:"version"`
		Since   string `json:"since"`
	}{r.Code, r.Name, r.Version, r.Since.UTC().Format(wireTime)})
}

// encodedBytes is how long text is as JSON, without quotes. A string can always be encoded.
func encodedBytes(text string) int {
	data, _ := json.Marshal(text)
	return len(data) - len(`""`)
}
