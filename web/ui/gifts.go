package ui

import "net/http"

// giftFolder holds pictures of gifts, for catalogues that have none of their own: the demo's is made of them.
const giftFolder = "gifts"

// serveGift answers /gifts/{name}. Catalogues write the names down, so they carry no hash, and pages of any site may show them.
func (p *pages) serveGift(w http.ResponseWriter, r *http.Request) {
	f, ok := p.gifts[giftFolder+"/"+r.PathValue("name")]
	if !ok {
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "public, max-age=86400")
	send(w, r, &f)
}
