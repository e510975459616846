package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"liveroom/chat/draw"
)

// maxExportBytes bounds the file of a draw: 100,000 entries of usual length, three times.
const maxExportBytes = 64 << 20

type drawCmd struct {
	Verify verifyDrawCmd `cmd:"" help:"Compute a draw again from its export, and say what differs."`
}

type verifyDrawCmd struct {
	File        string `arg:"" help:"What GET /api/v1/rooms/ROOM/draws/DRAW/export answered; - reads it from the standard input."`
	Commitment  string `help:"The commitment that the room was told at the start (draw_start)."`
	RulesHash   string `help:"The hash of the rules that the room was told at the start (draw_start)."`
	EntriesHash string `help:"The hash of the entries that the room was told at the end (draw_result)."`
}

// Run verifies a draw. What differs is an error, so that the exit code says it too.
func (c verifyDrawCmd) Run(e *env) error {
	raw, err := readExport(c.File)
	if err != nil {
		return err
	}
	x, err := draw.ParseExport(raw)
	if err != nil {
		return err
	}
	wrong := draw.Verify(x, draw.Told{Commitment: c.Commitment, RulesHash: c.RulesHash, EntriesHash: c.EntriesHash})
	for _, what := range wrong {
		if _, err := fmt.Fprintln(e.out, "differs:", what); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("the draw %s is not what its seed and entries make it", x.Draw.ID)
	}
	if _, err := fmt.Fprintf(e.out, "draw %s is right: %d winners of %d entries follow from the seed\ncommitment:   %s\nrules hash:   %s\nentries hash: %s\n",
		x.Draw.ID, len(x.Draw.Drawn), len(x.Entries), x.Draw.Commitment, x.RulesHash, x.Draw.EntriesHash); err != nil {
		return err
	}
	for _, what := range missing(x.Draw) {
		if _, err := fmt.Fprintln(e.out, what); err != nil {
			return err
		}
	}
	if c.Commitment == "" || c.RulesHash == "" || c.EntriesHash == "" {
		_, err = fmt.Fprintln(e.out, "Compare these with what the room was told at the start and at the end, or give them with --commitment, --rules-hash and --entries-hash.")
	}
	return err
}

// missing says why somebody who asked for it may not be in a draw.
func missing(d draw.Draw) (why []string) {
	if d.Gap {
		why = append(why, "Some messages were gone before they could be looked at: who sent them is not in the draw.")
	}
	if d.Full {
		why = append(why, fmt.Sprintf("More than %d wanted to enter: who came later is not in the draw.", draw.MaxEntries))
	}
	return why
}

func readExport(name string) ([]byte, error) {
	in := io.Reader(os.Stdin)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxExportBytes+1))
	if err == nil && len(raw) > maxExportBytes {
		err = errors.New("the file is too large for a draw")
	}
	return raw, err
}
