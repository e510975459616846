// Package account knows who may speak: user accounts, their profiles, and the UserSig that proves who someone is.
//
// A Signer makes and checks UserSigs in Tencent's format (spec im-rest §2), so that a business backend with the key can
// sign for its users without asking us. Service joins the signer to a Store of accounts: it turns a UserSig into a
// chat.Identity, creates named guests, and keeps nicknames and avatars.
//
// User ids are 1 to 32 bytes of printable ASCII without spaces. The prefixes guest_ and anon_ belong to the server, and
// no id may differ from an administrator's only by case. Nothing here starts a goroutine; every method may be called from
// many at once. Rate limits are the caller's: verifying costs some ten microseconds.
package account
