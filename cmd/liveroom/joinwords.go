package main

import (
	"context"
	"time"

	"liveroom/chat"
	"liveroom/chat/words"
	"liveroom/web"
)

// wordsTimeout is how long reading the sensitive words may take at the start.
const wordsTimeout = 30 * time.Second

// joinWords makes the sensitive words and gives them to the chat.
func (p *program) joinWords(talk *chat.Config) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), wordsTimeout)
	defer cancel()
	cfg := words.Config{File: p.set.ChatWords, Loose: p.set.ChatWordsLoose == on}
	if p.words, err = words.New(ctx, cfg, p.stores.words, p.log); err != nil {
		return err
	}
	talk.Words, talk.WordsForAdmins = p.words, p.set.ChatWordsAdmin == on
	return nil
}

// wordMetrics are what the sensitive words did.
func (p *program) wordMetrics() []web.Sample {
	st := p.words.Stats()
	const texts = "Texts in which sensitive words were looked for, by what became of them."
	fate := func(f string) web.Label { return web.Label{Name: "fate", Value: f} }
	return []web.Sample{
		gauge("words", "Sensitive words in force, of the API and of the file.", st.Words),
		counter("word_checks_total", texts, st.Checked-st.Blocked-st.Replaced, fate("clean")),
		counter("word_checks_total", texts, st.Blocked, fate("blocked")),
		counter("word_checks_total", texts, st.Replaced, fate("replaced")),
	}
}
