package chat

// EachField calls visit for each field of an object, as long as that says so. Key is as it stands between its quotation
// marks. What it walks over must be valid JSON: see json.Valid.
func EachField(b []byte, visit func(key, value []byte) bool) {
	for i := skipSpace(b, 1); i < len(b) && b[i] == '"'; {
		end := skipString(b, i)
		key := b[i+1 : end-1]
		i = skipSpace(b, skipSpace(b, end)+1) // the colon
		end = skipValue(b, i)
		if !visit(key, b[i:end]) {
			return
		}
		i = skipSpace(b, skipSpace(b, end)+1) // the comma
	}
}

// EachElement calls visit for each element of an array, as long as that says so. What it walks over must be valid JSON.
func EachElement(b []byte, visit func(n int, value []byte) bool) {
	for i, n := skipSpace(b, 1), 0; i < len(b) && b[i] != ']'; n++ {
		end := skipValue(b, i)
		if !visit(n, b[i:end]) {
			return
		}
		i = skipSpace(b, skipSpace(b, end)+1) // the comma
	}
}

// skipSpace returns where the next token begins.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the end of the string that begins at i.
func skipString(b []byte, i int) int {
	for i++; i < len(b) && b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(b))
}

// skipValue returns the end of the value that begins at i.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = skipString(b, i)
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // of what surrounds a number or word
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}
