// Package ui holds the browser pages and the handler that serves them: the lobby at /, a room's viewer at
// /rooms/{room}, the same for frames of other sites at /embed/{room}, and their assets under /assets/.
//
// The pages are TypeScript (src/), built by Vite into dist/ and embedded; `make pages` runs the build. A bare clone has
// only dist/stub.html, which says so in the pages' place, so that the server builds without Node.
//
// The handler reads the embedded files once, when it is made, and holds no other state: it starts no goroutine and is
// safe for concurrent use. Documents are revalidated at each visit, assets carry a hash in their name and are immutable;
// both are sent in the compressed form the build left beside them. Every answer carries the security headers of
// headers.go. The pages speak to the server only through its public API (docs/protocol.md, design §3).
package ui
