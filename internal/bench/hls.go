package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	requestTimeout  = 30 * time.Second // of a held reload too
	maxSegmentBytes = 64 << 20
	startBehind     = 3 // segments from the end, as RFC 8216, 6.3.3 has it
)

// errNoBlocking is why a low-latency viewer leaves a plain playlist.
var errNoBlocking = &Refusal{Code: "no_low_latency", Detail: "the playlist has no CAN-BLOCK-RELOAD: this is plain HLS"}

// hlsPlayer is one HLS viewer: a player that loads what is new as soon as it knows of it.
type hlsPlayer struct {
	*viewer
	client *http.Client
	list   *url.URL // the media playlist
	init   string   // the initialisation that was loaded last

	// What comes next: a part of a segment; part 0 of a segment also stands for the whole of it.
	segment, part int
	placed        bool
}

// watchHLS plays HLS until ctx ends.
func (v *viewer) watchHLS(ctx context.Context) error {
	transport := &http.Transport{
		TLSClientConfig: v.run.plan.TLS.Clone(), ForceAttemptHTTP2: true, MaxIdleConns: 2, DisableCompression: true,
		ReadBufferSize: 8 << 10,
	}
	defer transport.CloseIdleConnections()
	list, err := url.Parse(v.address)
	if err != nil {
		return err
	}
	p := &hlsPlayer{viewer: v, client: &http.Client{Transport: transport}, list: list}
	current, err := p.open(ctx)
	for err == nil && !current.ended {
		v.patient.Store(int64(patience))
		if v.crowd.protocol == LLHLS {
			current, err = p.lowLatency(ctx, current)
		} else {
			v.patient.Store(int64(patience + current.target))
			current, err = p.whole(ctx, current)
		}
	}
	if err == nil {
		err = errors.New("the playlist ended")
	}
	return err
}

// open loads the playlist, through a multivariant one.
func (p *hlsPlayer) open(ctx context.Context) (*playlist, error) {
	for range 2 {
		list, err := p.load(ctx, p.list)
		if err != nil {
			return nil, err
		}
		if list.variant == "" {
			if p.crowd.protocol == LLHLS && !list.blocks {
				return nil, errNoBlocking
			}
			return list, nil
		}
		if p.list, err = url.Parse(list.variant); err != nil {
			return nil, err
		}
	}
	return nil, errNoPlaylist
}

// load loads a playlist. Its address may change by a redirect.
func (p *hlsPlayer) load(ctx context.Context, from *url.URL) (*playlist, error) {
	body, at, err := p.get(ctx, from.String(), maxPlaylistBytes, true)
	if err != nil {
		return nil, err
	}
	return parsePlaylist(string(body), at)
}

// get loads a resource, and returns it only if it is to be kept.
func (p *hlsPlayer) get(ctx context.Context, address string, limit int64, keep bool) ([]byte, *url.URL, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, requestTimeout, errors.New("no answer within 30 s"))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("User-Agent", userAgent)
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, nil, withoutAddress(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		refusal := refusalOf(resp)
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxProblemBytes)) // keeps the connection
		return nil, nil, refusal
	}
	var to io.Writer = io.Discard
	var body *bytes.Buffer
	if keep {
		body = &bytes.Buffer{}
		to = body
	}
	n, err := io.Copy(to, io.LimitReader(resp.Body, limit))
	p.bytes.Add(n)
	if err == nil && n == limit {
		err = fmt.Errorf("a resource of more than %d MiB", limit>>20)
	}
	if err != nil || !keep {
		return nil, resp.Request.URL, withoutAddress(ctx, err)
	}
	return body.Bytes(), resp.Request.URL, nil
}

// withoutAddress takes the address out of an error, which would make each one a kind of its own, and show a signature.
func withoutAddress(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return bare(err)
}

// bare is an error without the address that those of net/url and net/http begin with.
func bare(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// whole loads the segments that are new, and the playlist again when a player would (RFC 8216, 6.3.4).
func (p *hlsPlayer) whole(ctx context.Context, list *playlist) (*playlist, error) {
	if !p.placed {
		p.segment, p.placed = max(list.first(), list.end()-startBehind), true
	}
	p.catchUp(list)
	news := p.segment < list.end()
	for ; p.segment < list.end(); p.segment++ {
		if err := p.media(ctx, list.segments[p.segment-list.first()].piece); err != nil {
			return nil, err
		}
	}
	rest := list.target
	if !news {
		rest /= 2
	}
	if !pause(ctx, rest) {
		return nil, ctx.Err()
	}
	return p.load(ctx, p.list)
}

// lowLatency loads the parts that are new, and asks for the playlist with the next one, which the server holds back until
// it is there (RFC 8216bis, 6.2.5.2).
func (p *hlsPlayer) lowLatency(ctx context.Context, list *playlist) (*playlist, error) {
	if !p.placed {
		p.place(list)
	}
	p.catchUp(list)
	news := false
	for {
		more, err := p.nextPart(ctx, list)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		news = true
	}
	if !news && !pause(ctx, list.target/4) { // the server did not hold the reload, and must not be asked in a loop
		return nil, ctx.Err()
	}
	next := *p.list
	q := next.Query()
	q.Set("_HLS_msn", strconv.Itoa(p.segment))
	q.Set("_HLS_part", strconv.Itoa(p.part))
	if list.skips {
		q.Set("_HLS_skip", "YES")
	}
	next.RawQuery = q.Encode()
	return p.load(ctx, &next)
}

// catchUp gives up what isn't listed any more.
func (p *hlsPlayer) catchUp(list *playlist) {
	if gone := list.first() - p.segment; gone > 0 {
		p.pieces.missed(time.Duration(gone) * list.target)
		p.segment, p.part = list.first(), 0
	}
}

// place puts the player at the last part that a decoder can begin with.
func (p *hlsPlayer) place(list *playlist) {
	p.placed = true
	for number := list.end(); number >= list.first(); number-- {
		parts := list.partsOf(number)
		for i := len(parts) - 1; i >= 0; i-- {
			if parts[i].independent {
				p.segment, p.part = number, i
				return
			}
		}
	}
	p.segment, p.part = max(list.first(), list.end()-1), 0
}

// nextPart loads the next part if it is listed, or the whole segment where its parts are listed no more.
func (p *hlsPlayer) nextPart(ctx context.Context, list *playlist) (more bool, err error) {
	parts := list.partsOf(p.segment)
	switch {
	case p.part < len(parts):
		next := parts[p.part]
		p.part++
		return true, p.media(ctx, next.piece)
	case p.segment >= list.end():
		return false, nil
	case len(parts) == 0 && p.part == 0:
		err = p.media(ctx, list.segments[p.segment-list.first()].piece)
	}
	p.segment, p.part = p.segment+1, 0
	return true, err
}

// media loads a segment or part, and its initialisation if that is new.
func (p *hlsPlayer) media(ctx context.Context, of piece) error {
	if of.init != "" && of.init != p.init {
		if _, _, err := p.get(ctx, of.init, maxSegmentBytes, false); err != nil {
			return err
		}
		p.init = of.init
	}
	before := p.bytes.Load()
	body, _, err := p.get(ctx, of.uri, maxSegmentBytes, p.sampled)
	if err != nil {
		return err
	}
	now := time.Now().UnixNano()
	p.started()
	p.alive(now)
	if p.crowd.window.has(now) {
		p.pieces.add(now, p.bytes.Load()-before, of.duration)
	}
	if p.sampled {
		p.look(withoutPackets(body), now)
	}
	return nil
}

const packetBytes = 188 // of an MPEG transport stream

// withoutPackets takes the packets of a transport stream away, stream by stream, so that marks are whole; anything else
// stays what it is.
func withoutPackets(b []byte) []byte {
	if len(b) < packetBytes || b[0] != 0x47 || len(b)%packetBytes != 0 {
		return b
	}
	streams := map[uint16][]byte{}
	var order []uint16
	for ; len(b) >= packetBytes; b = b[packetBytes:] {
		id := uint16(b[1]&0x1f)<<8 | uint16(b[2])
		payload := b[4:packetBytes]
		if b[3]&0x20 != 0 { // adaptation field
			payload = payload[min(len(payload), 1+int(payload[0])):]
		}
		if b[3]&0x10 == 0 {
			continue
		}
		if streams[id] == nil {
			order = append(order, id)
		}
		streams[id] = append(streams[id], payload...)
	}
	var out []byte
	for _, id := range order {
		out = append(out, streams[id]...)
	}
	return out
}
