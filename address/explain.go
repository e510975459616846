package address

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Report is what there is to say of an address.
type Report struct {
	Address   Address
	Err       error     // why it is none, an *Error; nothing but Sentences is set beside it
	Push      error     // why it is no push address, an *Error; nil: it is one
	Play      error     // likewise of play
	ExpiresAt time.Time // zero: it does not say
	Sentences []string  // all of it in words
}

// Explain says in sentences what an address is and whether this server would take it at now, and where it can, what is
// wrong with it. push and play are this server's verifiers.
func Explain(raw string, push, play *Verifier, now time.Time) []string {
	return Examine(raw, push, play, now).Sentences
}

// Examine is Explain for a caller that looks at more than the sentences.
func Examine(raw string, push, play *Verifier, now time.Time) Report {
	a, err := Parse(raw)
	if err != nil {
		return Report{Err: err, Sentences: []string{"This is refused: " + sentence(err)}}
	}
	r := Report{Address: a, Push: refuse(CodeURL, "streams are pushed over RTMP"), Play: play.look(a.Name, a.queries, now)}
	r.say("Stream %q in app %q on %s, over %s.", a.Name, a.App, a.Host, a.transport())
	if p, refused := findParams(a.queries); refused == nil {
		if at, ok := parseTime(p.time); ok {
			r.ExpiresAt = at.UTC()
			r.say("txTime %s is %s, %s.", p.time, r.ExpiresAt.Format(time.RFC3339), distance(at.Sub(now)))
		}
	}
	if line := later(a); line != "" {
		r.say("%s", line)
	}
	pushed := push.look(a.Name, a.queries, now)
	if a.Format == "" {
		r.Push = pushed
		r.say("%s", verdict("push", r.Push))
	}
	r.say("%s", verdict("play", r.Play))
	r.Sentences = append(r.Sentences, hints(a, push, play, pushed, r.Play)...)
	return r
}

func (r *Report) say(format string, args ...any) {
	r.Sentences = append(r.Sentences, fmt.Sprintf(format, args...))
}

// later says what the address wants of a delay, nothing if it is no push address or wants none.
func later(a Address) string {
	d, given, err := Delay(a.queries)
	switch {
	case a.Format != "":
		return ""
	case err != nil:
		return "As a push address it is refused: " + sentence(err)
	case given:
		return fmt.Sprintf("A push to it is seen %s later.", d)
	}
	return ""
}

func (a Address) transport() string {
	switch {
	case a.Format == "":
		return strings.ToUpper(a.Scheme)
	case a.Format == "m3u8":
		return "HLS"
	case a.Scheme[0] == 'w':
		return "WebSocket-FLV"
	default:
		return "HTTP-FLV"
	}
}

func verdict(purpose string, err error) string {
	if err == nil {
		return "As a " + purpose + " address its signature is accepted."
	}
	return "As a " + purpose + " address it is refused: " + sentence(err)
}

func sentence(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	return fmt.Sprintf("%s (%s).", e.Detail, e.Code)
}

func distance(d time.Duration) string {
	d = d.Round(time.Second)
	if d < 0 {
		return (-d).String() + " ago"
	}
	return "in " + d.String()
}

// hints tries the usual mistakes on an address whose signature fits neither purpose it could have.
func hints(a Address, push, play *Verifier, pushErr, playErr error) []string {
	if !isCode(playErr, CodeSignature) || !isCode(pushErr, CodeSignature) {
		if a.Format != "" && !isCode(pushErr, CodeSignature) && isCode(playErr, CodeSignature) {
			return []string{"It is signed with the push key; a play address needs the play key."}
		}
		return nil
	}
	p, _ := findParams(a.queries)
	for _, mistake := range []struct{ name, time, says string }{
		{a.Name + ".flv", p.time, "It is signed with a file extension; the signed name has none."},
		{a.Name + ".m3u8", p.time, "It is signed with a file extension; the signed name has none."},
		{a.App + "/" + a.Name, p.time, "It is signed with the app in front; only the stream name is signed."},
		{a.Name, strings.ToUpper(p.time), "It is signed with txTime in upper case but written in lower case; the text in the address is what is signed."},
		{a.Name, strings.ToLower(p.time), "It is signed with txTime in lower case but written in upper case; the text in the address is what is signed."},
	} {
		if tried := (params{secret: p.secret, time: mistake.time}); push.matches(mistake.name, tried) || play.matches(mistake.name, tried) {
			return []string{mistake.says}
		}
	}
	return []string{"Neither this server's push keys nor its play keys made this signature: look for another key, another stream name, or a changed txTime."}
}

func isCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}
