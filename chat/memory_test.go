package chat_test

import (
	"testing"

	"liveroom/chat"
	"liveroom/chat/chattest"
)

func TestMemoryConforms(t *testing.T) {
	chattest.Run(t, func(*testing.T) chat.Store { return chat.NewMemory() })
}

func TestMemoryNodeConforms(t *testing.T) {
	chattest.Run(t, func(*testing.T) chat.Store { return chat.NewMemory().Node() })
}
