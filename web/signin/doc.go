// Package signin knows who is signed in to the consoles with a browser, and makes the links that sign somebody in once.
//
// A session begins when somebody shows what the server trusts (the API token, or a link). The browser keeps a secret of 32
// random bytes; the Store has a hash of it alone, made with Config.Key, so that neither a copy of the store nor a session
// of other keys signs anybody in. A session ends when it was idle for Config.Idle, when it is as old as Config.Life, or
// when somebody ends it; it is asked for at each request, so that the end holds on every node at once. Beside the secret
// goes a token against forged requests, which is made of the secret and kept nowhere.
//
// A link's code says what it is for and until when, signed: it can be made without a server that runs. It is good once, on
// whatever node it is shown first, and not after everybody was signed out, if it is an administrator's.
//
// The package knows nothing of HTTP, and starts no goroutine. All methods may be called from any goroutine.
package signin
