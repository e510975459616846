package chattest

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"liveroom/chat"
)

// model is what a group should be, in the plainest terms.
type model struct {
	texts         []string // of the messages, in order
	attributes    map[string]string
	attributesV   uint64
	writtenV      uint64 // of attributes
	fields        map[string]string
	fieldsV       uint64
	notice        string
	noticeV       uint64
	profile       chat.Profile
	profileV      uint64
	statusVersion uint64
	counters      map[string]chat.Number
	countersV     uint64
}

// fewer lets rapid try 15 sequences instead of 100, since real stores wait for their disk; LIVEROOM_SCALE multiplies that.
func fewer(t *testing.T) {
	t.Helper()
	scale, _ := strconv.Atoi(os.Getenv("LIVEROOM_SCALE"))
	checks := flag.Lookup("rapid.checks").Value
	before := checks.String()
	if err := checks.Set(strconv.Itoa(15 * max(1, scale))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := checks.Set(before); err != nil {
			t.Error(err)
		}
	})
}

// testModel drives a store with random operations and compares it with the model after each.
func testModel(t *testing.T, s chat.Store) {
	fewer(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		id := fmt.Sprint("model-", round)
		Create(t, s, id)
		m := model{attributes: map[string]string{}, fields: map[string]string{}, profile: chat.Profile{Owner: "owner"}, counters: map[string]chat.Number{}}
		rt.Repeat(map[string]func(*rapid.T){
			"say":       func(rt *rapid.T) { m.say(t, rt, s, id) },
			"status":    func(rt *rapid.T) { m.status(t, rt, s, id) },
			"attribute": func(rt *rapid.T) { m.attribute(t, rt, s, id) },
			"field":     func(rt *rapid.T) { m.field(t, rt, s, id) },
			"notice":    func(rt *rapid.T) { m.putNotice(t, rt, s, id) },
			"profile":   func(rt *rapid.T) { m.putProfile(t, rt, s, id) },
			"counter":   func(rt *rapid.T) { m.count(t, rt, s, id) },
			"":          func(rt *rapid.T) { m.compare(rt, Load(t, s, id)) },
		})
	})
}

func (m *model) say(t *testing.T, rt *rapid.T, s chat.Store, id string) {
	var batch []*chat.Message
	for _, text := range rapid.SliceOfN(rapid.String(), 1, 5).Draw(rt, "texts") {
		body := Text(text)
		batch = append(batch, &chat.Message{Group: id, From: "a", Priority: chat.Normal, Body: body})
		m.texts = append(m.texts, string(body))
	}
	acks, err := s.Flush(t.Context(), id, Batch(1<<20, batch...))
	if err != nil {
		rt.Fatal(err)
	}
	if last := acks[len(acks)-1]; last.Seq != uint64(len(m.texts)) {
		rt.Fatalf("last ack is %+v, want number %d", last, len(m.texts))
	}
}

func (m *model) status(t *testing.T, rt *rapid.T, s chat.Store, id string) {
	version := uint64(rapid.IntRange(1, 20).Draw(rt, "version"))
	change, msg := Status(id, "e", version)
	done, err := s.ApplyStatus(t.Context(), change, msg, Keep)
	if err != nil || done.Fresh != (version > m.statusVersion) {
		rt.Fatalf("version %d after %d: fresh %v, %v", version, m.statusVersion, done.Fresh, err)
	}
	if !done.Fresh {
		return
	}
	m.statusVersion = version
	m.texts = append(m.texts, string(msg.Body))
	m.attributes["live_status"], m.fields["live_status"] = string(change.Record), string(change.Field)
	m.attributesV++
	m.fieldsV++
}

func (m *model) attribute(t *testing.T, rt *rapid.T, s chat.Store, id string) {
	key := rapid.SampledFrom([]string{"a", "b", "c"})
	c := chat.AttributeChange{Op: chat.AttributeOp(rapid.IntRange(1, 4).Draw(rt, "op")), Writes: 1 << 20}
	c.Known = rapid.Uint64Range(0, m.attributesV+1).Draw(rt, "known")
	next := maps.Clone(m.attributes)
	ok := c.Known == 0 || c.Known >= m.writtenV && c.Known <= m.attributesV
	switch c.Op {
	case chat.SetAttribute, chat.ReplaceAttribute:
		c.Set = rapid.MapOf(key, rapid.StringN(0, 3, -1)).Draw(rt, "set")
		if c.Op == chat.ReplaceAttribute {
			maps.DeleteFunc(next, func(k, _ string) bool { return k != "live_status" })
		}
		maps.Copy(next, c.Set)
	case chat.DeleteAttribute:
		c.Keys = rapid.SliceOfNDistinct(key, 1, 3, rapid.ID).Draw(rt, "keys")
		for _, k := range c.Keys {
			_, there := next[k]
			ok = ok && there
			delete(next, k)
		}
	case chat.ClearAttribute:
		maps.DeleteFunc(next, func(k, _ string) bool { return k != "live_status" })
	}
	_, err := s.PutAttributes(t.Context(), id, c)
	if ok != (err == nil) {
		rt.Fatalf("%+v on %v: %v", c, m.attributes, err)
	}
	if ok {
		m.attributes = next
		m.attributesV++
		m.writtenV = m.attributesV
	}
}

func (m *model) field(t *testing.T, rt *rapid.T, s chat.Store, id string) {
	set := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c"}), rapid.StringN(0, 2, -1), 1, 3).Draw(rt, "fields")
	if _, err := s.PutFields(t.Context(), id, set); err != nil {
		rt.Fatal(err)
	}
	m.fieldsV++
	maps.Copy(m.fields, set)
	maps.DeleteFunc(m.fields, func(_, v string) bool { return v == "" })
}

func (m *model) putNotice(t *testing.T, rt *rapid.T, s chat.Store, id string) {
	notice := rapid.StringN(0, 2, -1).Draw(rt, "notice")
	if notice != m.notice {
		m.notice = notice
		m.noticeV++
	}
	if version, err := s.PutNotice(t.Context(), id, notice); err != nil || version != m.noticeV {
		rt.Fatalf("notice %q: version %d, %v; want %d", notice, version, err, m.noticeV)
	}
}

func (m *model) putProfile(t *testing.T, rt *rapid.T, s chat.Store, id string) {
	user := rapid.SampledFrom([]string{"a", "b"})
	p := chat.Profile{
		Name: rapid.StringN(0, 1, -1).Draw(rt, "name"), Owner: user.Draw(rt, "owner"),
		Admins: rapid.SliceOfN(user, 0, 2).Draw(rt, "admins"),
	}
	if fmt.Sprintf("%q", p) != fmt.Sprintf("%q", m.profile) {
		m.profile = p
		m.profileV++
	}
	if version, err := s.PutProfile(t.Context(), id, p); err != nil || version != m.profileV {
		rt.Fatalf("profile %q: version %d, %v; want %d", p, version, err, m.profileV)
	}
}

func (m *model) compare(rt *rapid.T, got chat.GroupState) {
	if !maps.Equal(got.Attributes.All, m.attributes) || got.Attributes.Version != m.attributesV || got.Attributes.Written != m.writtenV {
		rt.Fatalf("attributes are %+v, want %v, version %d, written %d", got.Attributes, m.attributes, m.attributesV, m.writtenV)
	}
	if !maps.Equal(got.Group.Fields, m.fields) || got.FieldsVersion != m.fieldsV {
		rt.Fatalf("fields are %v, version %d, want %v, version %d", got.Group.Fields, got.FieldsVersion, m.fields, m.fieldsV)
	}
	if got.Group.Notice != m.notice || got.StatusVersion != m.statusVersion {
		rt.Fatalf("notice %q, status %d, want %q, %d", got.Group.Notice, got.StatusVersion, m.notice, m.statusVersion)
	}
	if got.NoticeVersion != m.noticeV || got.ProfileVersion != m.profileV || fmt.Sprintf("%q", got.Group.Profile()) != fmt.Sprintf("%q", m.profile) {
		rt.Fatalf("profile %q, version %d, notice version %d, want %q, %d, %d",
			got.Group.Profile(), got.ProfileVersion, got.NoticeVersion, m.profile, m.profileV, m.noticeV)
	}
	if !maps.Equal(got.Counters.All, m.counters) || got.Counters.Version != m.countersV {
		rt.Fatalf("counters are %+v, want %v, version %d", got.Counters, m.counters, m.countersV)
	}
	if got.Seq != uint64(len(m.texts)) || len(got.Log) != len(m.texts) {
		rt.Fatalf("%d messages up to %d, want %d", len(got.Log), got.Seq, len(m.texts))
	}
	for i, msg := range got.Log {
		if string(msg.Body) != m.texts[i] || msg.Seq != uint64(i+1) {
			rt.Fatalf("message %d is %+v, want %q", i, msg, m.texts[i])
		}
	}
}
