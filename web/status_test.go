package web_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"liveroom/live"
	"liveroom/status"
	"liveroom/web"
)

func TestETagChangesWithVersionAndOnline(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	first := b.do(200, "GET", "/api/v1/rooms/demo/status", "", nil)
	tag := first.header.Get("ETag")
	if want := fmt.Sprintf(`"%s-%.0f"`, first.json["epoch"], first.json["version"]); tag != want {
		t.Errorf("ETag = %s, want %s", tag, want)
	}
	get := func(want int, ifNoneMatch string) answer {
		t.Helper()
		return b.do(want, "GET", "/api/v1/rooms/demo/status", "", nil, "If-None-Match", ifNoneMatch)
	}
	for _, same := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		if a := get(304, same); a.raw != "" || a.header.Get("ETag") != tag {
			t.Errorf("304 has body %q and ETag %s", a.raw, a.header.Get("ETag"))
		}
	}
	get(200, `"other"`)
	b.rooms.set(func(r *rooms) { r.online = 3 })
	busy := get(200, tag) // a 304 here would keep the old number on the page
	if busy.json["online"] != 3.0 || busy.header.Get("ETag") == tag {
		t.Errorf("with people: %s, ETag %s", busy.raw, busy.header.Get("ETag"))
	}
	get(304, busy.header.Get("ETag"))
	tags := map[string]bool{tag: true, busy.header.Get("ETag"): true}
	for _, v := range []live.Viewers{{RTMP: 1}, {FLV: 1}, {WSFLV: 1}, {HLS: 1}, {HLS: 11}, {RTMP: 1, FLV: 1}, {RTMP: 11}} {
		b.rooms.set(func(r *rooms) { r.viewers = v }) // as many people, by other ways
		busy = get(200, busy.header.Get("ETag"))
		want := map[string]any{
			"total": float64(v.Total()), "rtmp": float64(v.RTMP), "flv": float64(v.FLV), "wsflv": float64(v.WSFLV), "hls": float64(v.HLS),
		}
		if tag := busy.header.Get("ETag"); tags[tag] || !reflect.DeepEqual(busy.json["viewers"], want) {
			t.Errorf("with %+v: %s, ETag %s", v, busy.raw, tag)
		} else {
			tags[tag] = true
		}
	}
	room := b.do(200, "GET", "/api/v1/rooms/demo", "", nil)
	if !reflect.DeepEqual(room.json["viewers"], busy.json["viewers"]) {
		t.Errorf("the room says %v", room.json["viewers"])
	}
	b.do(200, "POST", "/api/v1/rooms/demo/end", apiToken, nil)
	if a := get(200, busy.header.Get("ETag")); a.json["name"] != "ended" {
		t.Errorf("after the end: %s", a.raw)
	}
}

// held makes a status request that waits, and returns its answer when it comes.
func (b *bench) held(room, query string) <-chan answer {
	out := make(chan answer, 1)
	before := b.figure("liveroom_status_waits")
	go func() { out <- b.request("GET", "/api/v1/rooms/"+room+"/status?"+query, "", nil) }()
	eventually(b.t, "the request is held", func() bool { return b.figure("liveroom_status_waits") > before || len(out) > 0 })
	return out
}

// eventually looks until ok; it fails after half a minute.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	over := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-over:
			t.Fatalf("never: %s", what)
		}
	}
}

func receive(t testing.TB, from <-chan answer) answer {
	t.Helper()
	select {
	case a := <-from:
		return a
	case <-time.After(time.Minute):
		t.Fatal("no answer")
		return answer{}
	}
}

func TestWaitHoldsUntilNewer(t *testing.T) {
	b := newBench(t, nil)
	made := b.createRoom("demo")
	b.createRoom("other")
	epoch := made.json["status"].(map[string]any)["epoch"].(string)
	have := func(version int, wait string) string {
		return fmt.Sprintf("wait=%s&epoch=%s&version=%d", wait, epoch, version)
	}
	t.Run("older version at once", func(t *testing.T) {
		if a := b.request("GET", "/api/v1/rooms/demo/status?"+have(0, "30s"), "", nil); a.json["version"] != 1.0 {
			t.Errorf("= %s", a.raw)
		}
	})
	t.Run("other epoch at once", func(t *testing.T) {
		if a := b.request("GET", "/api/v1/rooms/demo/status?wait=30s&epoch=01A&version=99", "", nil); a.json["version"] != 1.0 {
			t.Errorf("= %s", a.raw)
		}
	})
	t.Run("timeout answers what there is", func(t *testing.T) {
		if a := b.request("GET", "/api/v1/rooms/demo/status?"+have(1, "20ms"), "", nil); a.status != 200 || a.json["version"] != 1.0 {
			t.Errorf("= %s", a.raw)
		}
	})
	t.Run("change", func(t *testing.T) {
		first, second := b.held("demo", have(1, "30s")), b.held("demo", have(1, "30s"))
		ahead := b.held("demo", have(2, "30s"))
		b.do(200, "POST", "/api/v1/rooms/other/end", apiToken, nil) // somebody else's change wakes nobody
		if len(first) > 0 {
			t.Error("another room's change answered")
		}
		b.do(200, "POST", "/api/v1/rooms/demo/end", apiToken, nil)
		for _, held := range []<-chan answer{first, second} {
			if a := receive(t, held); a.json["name"] != "ended" || a.json["version"] != 2.0 {
				t.Errorf("= %s", a.raw)
			}
		}
		if len(ahead) > 0 {
			t.Error("version 2 answered one who has version 2")
		}
		b.do(200, "POST", "/api/v1/rooms/demo/reopen", apiToken, nil)
		if a := receive(t, ahead); a.json["version"] != 3.0 {
			t.Errorf("= %s", a.raw)
		}
	})
	t.Run("deleted meanwhile", func(t *testing.T) {
		held := b.held("demo", have(3, "30s"))
		b.do(204, "DELETE", "/api/v1/rooms/demo", apiToken, nil)
		if a := receive(t, held); a.status != 404 && a.json["reason"] != "room_deleted" {
			t.Errorf("= %d %s", a.status, a.raw)
		}
	})
	if n := b.figure("liveroom_status_waits"); n != 0 {
		t.Errorf("%v requests still count as held", n)
	}
}

func TestWaitFindsOtherNodesChanges(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Watch = nil })
	made := b.createRoom("demo")
	epoch := made.json["status"].(map[string]any)["epoch"].(string)
	held := b.held("demo", "wait=30s&epoch="+epoch+"&version=1")
	b.do(200, "POST", "/api/v1/rooms/demo/end", apiToken, nil)
	if a := receive(t, held); a.json["version"] != 2.0 {
		t.Errorf("= %s", a.raw)
	}
}

func TestStoppingAnswersWaiters(t *testing.T) {
	b := newBench(t, nil)
	made := b.createRoom("demo")
	epoch := made.json["status"].(map[string]any)["epoch"].(string)
	held := b.held("demo", "wait=60s&epoch="+epoch+"&version=1")
	go b.stop()
	if a := receive(t, held); a.status != 200 || a.json["version"] != 1.0 {
		t.Errorf("= %d %s", a.status, a.raw)
	}
	b.stop()
}

func TestWaitsAreBounded(t *testing.T) {
	b := newBench(t, func(c *web.Config, _ *web.Deps) { c.MaxWaits = 1 })
	made := b.createRoom("demo")
	epoch := made.json["status"].(map[string]any)["epoch"].(string)
	held := b.held("demo", "wait=30s&epoch="+epoch+"&version=1")
	if a := b.do(503, "GET", "/api/v1/rooms/demo/status?wait=30s&version=1&epoch="+epoch, "", nil); a.code() != "busy" || a.header.Get("Retry-After") == "" {
		t.Errorf("= %s", a.raw)
	}
	b.do(200, "POST", "/api/v1/rooms/demo/end", apiToken, nil)
	receive(t, held)
}

func TestStatuses(t *testing.T) {
	b := newBench(t, nil)
	for _, id := range []string{"a", "b", "c"} {
		b.createRoom(id)
	}
	a := b.do(200, "GET", "/api/v1/statuses?rooms=c,none,a,c", "", nil)
	var got []string
	for _, s := range a.json["statuses"].([]any) {
		got = append(got, s.(map[string]any)["room"].(string))
	}
	if strings.Join(got, ",") != "c,a" || fmt.Sprint(a.json["missing"]) != "[none]" {
		t.Errorf("= %s", a.raw)
	}
	many := make([]string, 501)
	for i := range many {
		many[i] = fmt.Sprintf("r%d", i)
	}
	b.do(http.StatusUnprocessableEntity, "GET", "/api/v1/statuses?rooms="+strings.Join(many, ","), "", nil)
	if a := b.do(200, "GET", "/api/v1/statuses?rooms="+strings.Join(many[:500], ","), "", nil); len(a.json["missing"].([]any)) != 500 {
		t.Errorf("= %s", a.raw)
	}
	b.rooms.set(func(r *rooms) { r.broken = status.ErrUnavailable })
	if a := b.do(503, "GET", "/api/v1/statuses?rooms=a", "", nil); a.code() != "store_unavailable" {
		t.Errorf("with the store away: %s", a.raw)
	}
}
