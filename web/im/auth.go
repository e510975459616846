package im

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"liveroom/chat"
	"liveroom/chat/account"
)

// credentials are what the query says of who asks.
type credentials struct {
	appID, identifier, userSig string
	hasAppID                   bool
}

// credentialsOf reads a query by name: clients order it as they like, and leave the UserSig unescaped (spec im-rest §1.1).
// Of a name that is there twice the first counts.
func credentialsOf(query string) credentials {
	var c credentials
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		switch unescape(key) {
		case "sdkappid":
			if !c.hasAppID {
				c.appID, c.hasAppID = unescape(value), true
			}
		case "identifier":
			if c.identifier == "" {
				c.identifier = unescape(value)
			}
		case "usersig":
			if c.userSig == "" {
				c.userSig = unescape(value)
			}
		}
	}
	return c
}

func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	plain, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return plain
}

// authenticate finds the administrator who asks, or says why there is none (spec im-rest §2.4). An address that guessed
// too often is not heard.
func (s *Server) authenticate(r *http.Request) (chat.Identity, error) {
	given := credentialsOf(r.URL.RawQuery)
	if err := s.checkApp(given); err != nil {
		return chat.Identity{}, err
	}
	switch {
	case given.userSig == "":
		return chat.Identity{}, account.ErrEmpty
	case given.identifier == "":
		return chat.Identity{}, refuse(60004, "identifier is missing from the query")
	}
	from := addressOf(r)
	if !s.failures.MayTry(from) {
		return chat.Identity{}, refuse(70050, "too many failed verifications from this address; try again in a minute")
	}
	who, err := s.accounts.Login(r.Context(), given.identifier, given.userSig)
	if err != nil {
		if isGuess(err) {
			s.failures.Failed(from)
		}
		return chat.Identity{}, signatureRefused(err)
	}
	if !who.Admin {
		return chat.Identity{}, refuse(60010, "%s is not an application administrator", who.User)
	}
	who.Platform, who.Addr = chat.PlatformREST, from
	return who, nil
}

// checkApp says whether a request is for this application.
func (s *Server) checkApp(given credentials) error {
	if !given.hasAppID || given.appID == "" {
		return refuse(60012, "sdkappid is missing from the query")
	}
	appID, err := strconv.ParseUint(given.appID, 10, 64)
	switch {
	case err != nil:
		return refuse(60006, "sdkappid must be a number")
	case appID != s.cfg.AppID:
		return refuse(70020, "this server has no application with this sdkappid")
	}
	return nil
}

// isGuess says whether a failed authentication may be somebody's try. Who shows a signature that was good once has the
// key, and is left alone.
func isGuess(err error) bool {
	var refused *account.Error
	return errors.As(err, &refused) && !errors.Is(err, account.ErrExpired) && !errors.Is(err, account.ErrRevoked)
}

// signatureRefused is a refusal of a UserSig as an Error: its number is the same at every service.
func signatureRefused(err error) error {
	var refused *account.Error
	if !errors.As(err, &refused) {
		return err
	}
	return &Error{Code: refused.Code, Info: refused.Name + ": " + refused.Detail}
}

func addressOf(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}
