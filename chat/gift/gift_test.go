package gift

import (
	"errors"
	"fmt"
	"testing"
)

// TestCatalogueIsBounded here: each store asks Catalogue.Put, and a thousand gifts made one by one take each of them a while.
func TestCatalogueIsBounded(t *testing.T) {
	var c Catalogue
	var err error
	for i := range MaxGifts {
		if c, err = c.Put(Gift{ID: fmt.Sprint(i), Name: "g"}); err != nil {
			t.Fatal(err)
		}
	}
	full, err := c.Put(Gift{ID: "more", Name: "g"})
	if !errors.Is(err, ErrTooManyGifts) || full.Version != MaxGifts || len(full.Gifts) != MaxGifts {
		t.Errorf("one more: version %d, %d gifts, %v", full.Version, len(full.Gifts), err)
	}
	if c, err = c.Put(Gift{ID: "7", Name: "other"}); err != nil || len(c.Gifts) != MaxGifts {
		t.Errorf("one changed: %d gifts, %v", len(c.Gifts), err)
	}
	if one, found := c.Find("7"); !found || one.Name != "other" {
		t.Errorf("it is %+v", one)
	}
}
