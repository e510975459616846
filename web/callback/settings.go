package callback

// CheckEndpoint says what is wrong with an endpoint of the settings, whose id they do not name.
func CheckEndpoint(e Endpoint) error {
	e = e.withDefaults()
	e.ID = settingsPrefix + string(e.Format)
	return e.check(Known())
}
