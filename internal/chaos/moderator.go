package chaos

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Moderator changes what must not be lost, over any node: an attribute, a field and a counter of its own, whether somebody is muted and
// somebody banned, and if it is the first of its room, the notice.
func (w *World) Moderator(ctx context.Context, who, room string, notices bool) {
	rng := w.rng(who)
	base := "/api/v1/rooms/" + room
	for i := 1; pause(ctx, rng, 400*time.Millisecond); i++ {
		n := w.any(rng)
		value := strconv.Itoa(i)
		wrote := Wrote{Key: who, Value: value}
		var method, path string
		var body any
		switch rng.IntN(6) {
		case 0:
			wrote.Kind, method, path = Attribute, "PATCH", base+"/attributes"
			body = map[string]any{"attributes": map[string]string{who: value}}
		case 1:
			wrote.Kind, wrote.Value, method, path = Counter, "1", "POST", base+"/counters"
			body = map[string]any{"counters": map[string]int{who: 1}}
		case 2:
			wrote.Kind, path = Mute, base+"/mutes/"+user(who)
			method, body, wrote.Value = sanction(i, rng.IntN(3) > 0)
		case 3:
			wrote.Kind, path = Ban, base+"/bans/"+user(who)
			method, body, wrote.Value = sanction(i, rng.IntN(3) > 0)
		case 4:
			wrote.Kind, method, path = Field, "PATCH", base+"/fields"
			body = map[string]any{"fields": map[string]string{who: value}}
		case 5:
			if !notices {
				continue
			}
			wrote.Kind, wrote.Key, method, path = Notice, "", "PUT", base+"/notice"
			body = map[string]string{"notice": value}
		}
		wrote.Outcome = w.call(ctx, n, method, path, body, nil)
		w.History.Add(who, n.Name, room, wrote)
	}
}

// user is the one whom a moderator has it in for.
func user(who string) string { return "victim_of_" + who }

// sanction imposes one, with a number for its reason, or lifts it.
func sanction(i int, impose bool) (method string, body any, value string) {
	if !impose {
		return "DELETE", nil, ""
	}
	return "PUT", map[string]string{"duration": "1h", "reason": strconv.Itoa(i)}, strconv.Itoa(i)
}

// values reads all that moderators write from a node.
func (w *World) values(ctx context.Context, n Node, room string) (map[string]string, bool) {
	base := "/api/v1/rooms/" + room
	out := map[string]string{}
	var attributes struct{ Attributes map[string]string }
	var fields struct{ Fields map[string]string }
	var counters struct{ Counters map[string]int }
	var notice struct{ Notice string }
	type imposed struct{ User, Reason string }
	var mutes struct{ Mutes []imposed }
	var bans struct{ Bans []imposed }
	for path, into := range map[string]any{
		"/attributes": &attributes, "/fields": &fields, "/counters": &counters, "/notice": &notice, "/mutes?limit=500": &mutes, "/bans?limit=500": &bans,
	} {
		if w.call(ctx, n, "GET", base+path, nil, into) != Done {
			return nil, false
		}
	}
	for key, value := range attributes.Attributes {
		if key != "live_status" { // the server's, and the record tells it
			out[Attribute+" "+key] = value
		}
	}
	for key, value := range fields.Fields {
		if key != "live_status" {
			out[Field+" "+key] = value
		}
	}
	for key, value := range counters.Counters {
		out[Counter+" "+key] = fmt.Sprint(value)
	}
	for _, m := range mutes.Mutes {
		out[Mute+" "+m.User[len(user("")):]] = m.Reason
	}
	for _, b := range bans.Bans {
		out[Ban+" "+b.User[len(user("")):]] = b.Reason
	}
	if notice.Notice != "" {
		out[Notice+" "] = notice.Notice
	}
	return out, true
}
