package chat

// Filter finds words that must not be said.
type Filter interface {
	// Check returns text with the words to be replaced replaced, or says that it holds one that blocks the whole.
	Check(text string) (clean string, blocked bool)
}
