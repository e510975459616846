package client_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"liveroom/status"
	"liveroom/web/im/client"
)

// record is version n of a room's status.
func record(n uint64, why status.Reason) status.Record {
	return status.Record{
		Room: "r1", Epoch: "01J0000000000000000000000A", Version: n, Code: status.Live, Name: "live", Reason: why,
		Since: time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC),
	}
}

var show = client.Group{ID: "live_1", Name: "Die Freitagsschau für alle, die da sind"}

func announce(t *testing.T, a *client.Announcer, records ...status.Record) {
	t.Helper()
	for _, r := range records {
		if err := a.To(show).ApplyStatus(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStatusIsMessageAttributeAndField(t *testing.T) {
	h := newHost(t)
	a := client.NewAnnouncer(h.client(), true)
	announce(t, a, record(1, status.ReasonCreated), record(2, status.ReasonPushStarted))
	h.expect(1, 2)
	if name := h.group().Name; name != "Die Freitagsschau für alle, d" {
		t.Errorf("the group is called %q", name)
	}
	if field := h.field(); field != `{"code":2,"name":"live","version":2,"since":"2026-11-21T06:00:00.000Z"}` {
		t.Errorf("field %s", field)
	}
	h.forgetCalls()
	announce(t, a, record(3, status.ReasonByAnchor))
	if want := []string{"send_group_msg", "modify_group_base_info", "modify_group_attr"}; !slices.Equal(h.calls(), want) {
		t.Errorf("a status took %v", h.calls())
	}
}

func TestHostWithoutTheField(t *testing.T) {
	h := newHost(t)
	announce(t, client.NewAnnouncer(h.client(), false), record(1, status.ReasonCreated))
	h.expect(1)
	if field := h.field(); field != "" {
		t.Errorf("field %s", field)
	}
}

// TestFieldThatIsRefusedKeepsNobodyFromTheRest is Tencent's host in whose console nobody declared the field.
func TestFieldThatIsRefusedKeepsNobodyFromTheRest(t *testing.T) {
	h := newHost(t)
	h.refuse("modify_group_base_info", 10004)
	err := client.NewAnnouncer(h.client(), true).To(show).ApplyStatus(t.Context(), record(1, status.ReasonCreated))
	refused, ok := errors.AsType[*client.Error](err)
	if !ok || refused.Code != 10004 || refused.Command != "modify_group_base_info" {
		t.Errorf("not told: %v", err)
	}
	h.expect(1)
}

// TestRepeatsAfterEachFailure fails each command in turn, before and after it took effect, restarts at each, and repeats.
func TestRepeatsAfterEachFailure(t *testing.T) {
	for _, command := range []string{"get_group_attr", "create_group", "send_group_msg", "modify_group_base_info", "modify_group_attr"} {
		for _, lost := range []bool{false, true} {
			for _, restart := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s lost=%v restart=%v", command, lost, restart), func(t *testing.T) {
					h := newHost(t)
					a := client.NewAnnouncer(h.client(), true)
					h.fail(command, lost)
					r := record(1, status.ReasonCreated)
					if err := a.To(show).ApplyStatus(t.Context(), r); !errors.Is(err, client.ErrUnreachable) {
						t.Fatal(err)
					}
					if restart {
						a = client.NewAnnouncer(h.client(), true)
					}
					announce(t, a, r, r, record(2, status.ReasonPushStarted), record(2, status.ReasonPushStarted))
					h.expect(1, 2)
				})
			}
		}
	}
}

func TestNeverGoesBack(t *testing.T) {
	h := newHost(t)
	a := client.NewAnnouncer(h.client(), true)
	announce(t, a, record(1, status.ReasonCreated), record(2, status.ReasonPushStarted), record(3, status.ReasonByAnchor))
	announce(t, a, record(2, status.ReasonPushStarted))
	announce(t, client.NewAnnouncer(h.client(), true), record(1, status.ReasonCreated), record(3, status.ReasonByAnchor))
	h.expect(1, 2, 3)
}

// TestAnothersWordIsWrittenOver is another liveroom, where a group that is made is a room with a status of its own.
func TestAnothersWordIsWrittenOver(t *testing.T) {
	h := newHost(t)
	h.make()
	h.put(`{"room":"live_1","epoch":"01Z","version":9}`)
	announce(t, client.NewAnnouncer(h.client(), true), record(1, status.ReasonCreated))
	h.expect(1)
	h.put(`none of ours`)
	announce(t, client.NewAnnouncer(h.client(), true), record(2, status.ReasonPushStarted))
	h.expect(1, 2)
}

func TestGroupThatWentIsMadeAgain(t *testing.T) {
	h := newHost(t)
	a := client.NewAnnouncer(h.client(), true)
	announce(t, a, record(1, status.ReasonCreated))
	h.drop()
	announce(t, a, record(2, status.ReasonPushStarted))
	h.expect(1, 2)
}

func TestGroupThatIsThereIsUsed(t *testing.T) {
	for _, code := range []int{10021, 10025} {
		h := newHost(t)
		h.make()
		h.refuse("get_group_attr", 10010) // not known here yet, and made by somebody meanwhile
		h.refuse("create_group", code)
		announce(t, client.NewAnnouncer(h.client(), true), record(1, status.ReasonCreated))
		h.expect(1)
	}
}

func TestDeletedRoomsGroupIsDissolved(t *testing.T) {
	gone := record(3, status.ReasonRoomDeleted)
	for _, command := range []string{"", "send_group_msg", "modify_group_attr", "destroy_group"} {
		for _, lost := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s lost=%v", command, lost), func(t *testing.T) {
				h := newHost(t)
				a := client.NewAnnouncer(h.client(), true)
				announce(t, a, record(1, status.ReasonCreated), record(2, status.ReasonPushStarted))
				if command != "" {
					h.fail(command, lost)
					if err := a.To(show).ApplyStatus(t.Context(), gone); err == nil {
						t.Fatal("no error")
					}
				}
				announce(t, a, gone, gone)
				if h.exists() {
					t.Error("the group is there")
				}
				if got := h.told(); !slices.Equal(got, []uint64{1, 2, 3}) {
					t.Errorf("told %v", got)
				}
				announce(t, a, record(4, status.ReasonCreated)) // made again
				h.expect(1, 2, 3, 4)
			})
		}
	}
	h := newHost(t)
	announce(t, client.NewAnnouncer(h.client(), true), gone)
	if h.exists() || len(h.calls()) != 1 {
		t.Errorf("a group that was never there took %v", h.calls())
	}
}

// TestMessageThatIsDropped is a group whose messages are too many: the message is tried three times more, then the attribute
// has to do.
func TestMessageThatIsDropped(t *testing.T) {
	h := newHost(t)
	a := client.NewAnnouncer(h.client(), true)
	h.dropMessages(2)
	r := record(1, status.ReasonCreated)
	for range 2 {
		if err := a.To(show).ApplyStatus(t.Context(), r); !errors.Is(err, client.ErrDropped) {
			t.Fatal(err)
		}
	}
	announce(t, a, r)
	h.expect(1)

	h.dropMessages(100)
	r = record(2, status.ReasonPushStarted)
	for range 3 {
		if err := a.To(show).ApplyStatus(t.Context(), r); !errors.Is(err, client.ErrDropped) {
			t.Fatal(err)
		}
	}
	announce(t, a, r)
	if got := h.attribute(); got.Version != 2 {
		t.Errorf("the attribute has version %d", got.Version)
	}
}
