package main

import (
	"fmt"
	"net/netip"
	"strconv"

	"liveroom/web"
	"liveroom/web/im"
)

// validIM says which setting of the Tencent IM API can't be used.
func (s *Settings) validIM() error {
	rates, err := im.ParseRates(s.IMRates)
	if err == nil {
		err = rates.Validate()
	}
	if err != nil {
		return fmt.Errorf("im-rates: %w", err)
	}
	return s.validIMHost()
}

var _ web.Busy = (*im.Server)(nil)

// joinIM makes the Tencent IM door.
func (p *program) joinIM(keys Secrets, deps *web.Deps) (err error) {
	rates, _ := im.ParseRates(p.set.IMRates) // Validate has checked them
	p.im, err = im.New(im.Config{AppID: keys.SDKAppID, Rates: rates}, im.Deps{
		Accounts: p.accounts, Chat: p.billedChat(), Journal: p.audit, Failures: failures{p},
	}, p.log)
	if err != nil {
		return err
	}
	deps.IM = p.im
	deps.Metrics = append(deps.Metrics, p.imMetrics)
	return nil
}

// failures has one count of failed authentications for every door: that of web, which is made after the others.
type failures struct{ p *program }

// MayTry implements im.Failures.
func (f failures) MayTry(from netip.Addr) bool { return f.p.web.MayTry(from) }

// Failed implements im.Failures.
func (f failures) Failed(from netip.Addr) { f.p.web.Failed(from) }

// imMetrics are the commands and what they were answered with.
func (p *program) imMetrics() []web.Sample {
	var out []web.Sample
	for _, n := range p.im.Stats() {
		out = append(out, counter("im_commands_total", "Commands of the Tencent IM API, by the code they were answered with; 0 is done.", n.Calls,
			web.Label{Name: "command", Value: n.Command}, web.Label{Name: "code", Value: strconv.Itoa(n.Code)}))
	}
	return out
}
