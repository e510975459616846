// Package words finds sensitive words in what people write.
//
// A Matcher is made of one or more lists, off-line, and never changes: it is shared and used from any goroutine. It is an
// Aho–Corasick automaton over runes, so that a text is read once however many words there are. Text and words are
// compared as a reader sees them: width, case and compatibility forms (NFKC) make no difference; invisible characters and
// combining marks count for nothing, unless the word itself has marks (then the text must have them too, so that a word
// of Vietnamese does not match its harmless neighbours). In a loose list also spaces and punctuation between the letters
// count for nothing. What is replaced is the text as it was written, everything else of it stays byte for byte.
//
// A Word blocks the whole text or is replaced. Service keeps a list in a Store, joins it with one read from a file and
// puts each change in force at once for all who hold the Service as chat.Filter.
package words
