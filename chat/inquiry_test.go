package chat

import (
	"testing"
	"time"
)

// TestAnswersAreForgotten: what nobody may be answered with any more takes no memory.
func TestAnswersAreForgotten(t *testing.T) {
	var q inquiries
	now := time.Now()
	for _, group := range []string{"a", "b", "c"} {
		id, a, _ := q.begin(subject{group: group}, 1, now)
		q.answered(&answer{ID: id, Members: make([]listed, 3)})
		q.end(id, a)
	}
	if _, _, fresh := q.begin(subject{group: "a"}, 1, now); fresh {
		t.Error("a was asked about again at once")
	}
	if _, _, fresh := q.begin(subject{group: "a"}, 1, now.Add(inquiryFresh)); !fresh || len(q.fresh) != 1 || len(q.open) != 1 {
		t.Errorf("%d answers are kept, %d questions open", len(q.fresh), len(q.open))
	}
}
