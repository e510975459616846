package gift

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a gift and of the catalogue.
const (
	MaxPrice    = 100_000_000_000 // minor units
	MaxGifts    = 1000
	MaxName     = 64  // runes
	MaxAddress  = 500 // bytes of Icon, Effect and Avatar
	MaxPosition = 1_000_000
)

// Gift is one that may be given, in every room of the installation.
type Gift struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Price   int64  `json:"price"`  // of one, minor units of whatever currency the backend bills in
	Icon    string `json:"icon"`   // URL of a picture; may be empty
	Effect  string `json:"effect"` // how pages show it; theirs to understand
	Combo   bool   `json:"combo"`  // clicks may be merged
	Enabled bool   `json:"enabled"`
	Order   int    `json:"order"` // place in the list, smaller first
}

// Catalogue is all gifts in the order they are listed. Version grows with every change.
type Catalogue struct {
	Version uint64 `json:"version"`
	Gifts   []Gift `json:"gifts"`
}

var giftID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Validate returns an Error that names the field at fault.
func (g Gift) Validate() error {
	switch {
	case !giftID.MatchString(g.ID):
		return parameter("id", "must be 1 to 64 letters, digits, _ or -")
	case g.Price < 0 || g.Price > MaxPrice:
		return parameter("price", "must be 0 to %d", int64(MaxPrice))
	case g.Order < -MaxPosition || g.Order > MaxPosition:
		return parameter("order", "must be %d to %d", -MaxPosition, MaxPosition)
	}
	if err := validName(g.Name); err != nil {
		return err
	}
	if err := validAddress("icon", g.Icon); err != nil {
		return err
	}
	return validText("effect", g.Effect, MaxAddress)
}

func validName(name string) error {
	if strings.TrimSpace(name) == "" || utf8.RuneCountInString(name) > MaxName || hasControl(name) {
		return parameter("name", "must be 1 to %d characters without control characters", MaxName)
	}
	return nil
}

// validAddress accepts nothing a page would run.
func validAddress(field, url string) error {
	if url == "" || strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://") || (strings.HasPrefix(url, "/") && !strings.HasPrefix(url, "//")) {
		return validText(field, url, MaxAddress)
	}
	return parameter(field, "must be an http or https URL or a path of this server")
}

func validText(field, text string, most int) error {
	if len(text) > most || hasControl(text) {
		return parameter(field, "must be at most %d bytes of UTF-8 without control characters", most)
	}
	return nil
}

func hasControl(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl)
}

// Find returns a gift by its id.
func (c Catalogue) Find(id string) (Gift, bool) {
	i := slices.IndexFunc(c.Gifts, func(g Gift) bool { return g.ID == id })
	if i < 0 {
		return Gift{}, false
	}
	return c.Gifts[i], true
}

// Enabled returns the catalogue of what may be given now.
func (c Catalogue) Enabled() Catalogue {
	c.Gifts = slices.DeleteFunc(slices.Clone(c.Gifts), func(g Gift) bool { return !g.Enabled })
	return c
}

// Put returns the catalogue with a gift made or changed.
func (c Catalogue) Put(g Gift) (Catalogue, error) {
	gifts := slices.DeleteFunc(slices.Clone(c.Gifts), func(old Gift) bool { return old.ID == g.ID })
	if len(gifts) >= MaxGifts {
		return c, ErrTooManyGifts
	}
	gifts = append(gifts, g)
	slices.SortFunc(gifts, func(a, b Gift) int { return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.ID, b.ID)) })
	return Catalogue{Version: c.Version + 1, Gifts: gifts}, nil
}

// Delete returns the catalogue without a gift.
func (c Catalogue) Delete(id string) (Catalogue, error) {
	gifts := slices.DeleteFunc(slices.Clone(c.Gifts), func(g Gift) bool { return g.ID == id })
	if len(gifts) == len(c.Gifts) {
		return c, ErrNoGift
	}
	return Catalogue{Version: c.Version + 1, Gifts: gifts}, nil
}
