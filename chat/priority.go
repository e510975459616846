package chat

import "fmt"

// String returns the priority as it is on the wire.
func (p Priority) String() string {
	switch p {
	case High:
		return "High"
	case Normal:
		return "Normal"
	case Low:
		return "Low"
	case Lowest:
		return "Lowest"
	default:
		return fmt.Sprintf("Priority(%d)", uint8(p))
	}
}

// ParsePriority reads a priority as it is on the wire, case-sensitively (spec im-rest §3.11). Empty is 0: the type of the
// message decides.
func ParsePriority(s string) (Priority, error) {
	switch s {
	case "":
		return 0, nil
	case "High":
		return High, nil
	case "Normal":
		return Normal, nil
	case "Low":
		return Low, nil
	case "Lowest":
		return Lowest, nil
	default:
		return 0, ErrParameter.with("priority", "must be High, Normal, Low or Lowest")
	}
}

// defaultPriority is what a message without an explicit priority gets by its type (design §6).
func (c content) defaultPriority() Priority {
	if len(c.types) == 0 {
		return Normal
	}
	switch c.types[len(c.types)-1] {
	case "gift", "gift_result", "red_packet", "redpacket", "kick", "live_status",
		"draw_start", "draw_result", "draw_cancelled", "session_summary":
		return High
	case "like", "follow":
		return Low
	default:
		return Normal
	}
}

// fromServer says whether the message is of a kind only the server may send, and which.
func (c content) fromServer() (string, bool) {
	for _, t := range c.types {
		if serverTypes[t] {
			return t, true
		}
	}
	return "", false
}
