package callback

// Reasons of a push's end, as CSS numbers them (spec css §3.3), that occur here.
const (
	stopClosed   = 1  // its publisher said goodbye
	stopInternal = 5  // the server stopped, or started again and did not find it any more
	stopContent  = 6  // what it carried can't be taken
	stopSilent   = 8  // nothing came any more
	stopLost     = 12 // the connection broke
	stopCut      = 21 // dropped, forbidden, replaced by a newer push, or its room ended
)

var stopTexts = map[int]string{
	stopClosed:   "The push client actively stopped the push",
	stopInternal: "The server was stopped",
	stopContent:  "The content of the push can't be used",
	stopSilent:   "No data was received for a long time",
	stopLost:     "The connection was lost",
	stopCut:      "The push was ended by the management",
}
