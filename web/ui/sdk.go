package ui

import "net/http"

// sdkFolder holds the build of web/sdk beside the pages.
const sdkFolder = "sdk"

// serveSDK answers /sdk/{name}: the JavaScript SDK, for pages of any site. Its names carry no hash, because pages write
// them down, so caches ask again after some minutes; the answer is mostly 304.
func (p *pages) serveSDK(w http.ResponseWriter, r *http.Request) {
	f, ok := p.sdk[sdkFolder+"/"+r.PathValue("name")]
	if !ok {
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "public, max-age=300")
	send(w, r, &f)
}
