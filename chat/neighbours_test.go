package chat_test

import (
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/chattest"
)

func TestNeighbours(t *testing.T) {
	chattest.Neighbours(t, func(t *testing.T, test func(*testing.T, chattest.Vicinity)) {
		synctest.Test(t, func(t *testing.T) {
			all, nodes := chat.NewNeighbourhood(15*time.Second), map[string]*chat.MemoryNeighbours{}
			test(t, chattest.Vicinity{
				Node: func(name string) chat.Neighbours {
					nodes[name] = all.Node(name)
					return nodes[name]
				},
				Kill: func(name string) { nodes[name].Kill() },
				Away: all.SetAway,
				Fast: true,
			})
		})
	})
}
