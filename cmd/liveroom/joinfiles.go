package main

import (
	"context"
	"net/http"
	"path/filepath"
	"time"

	"liveroom/chat"
	"liveroom/chat/file"
	"liveroom/web"
)

// filesMargin is how much longer than history files are kept: they are older than the messages that show them.
const filesMargin = time.Hour

// filesSpare is what files leave free on their disk, which the database may share.
const filesSpare = 512 << 20

// watchFiles has the chat tell of what concerns files, which are joined with it later.
func (p *program) watchFiles(talk *chat.Config) {
	talk.Withdrawing = func(ctx context.Context, group string, seq uint64, m *chat.Message, kind chat.WithdrawalKind) error {
		return p.files.Withdrawing(ctx, group, seq, m, kind)
	}
	talk.Delivered = func(m *chat.Message) { p.files.Delivered(m) }
	talk.Dismissed = func(group string) { p.files.Dismissed(group) }
}

// joinFiles makes what keeps uploaded files.
func (p *program) joinFiles(keys Secrets) (err error) {
	if p.folder, err = file.OpenFolder(filepath.Join(p.set.Data, "files"), filesSpare); err != nil {
		return err
	}
	cfg := p.set.files(keys.FileKey)
	if p.cluster != nil {
		cfg.Node, cfg.Peers = p.cluster.nodes.Me().Name, named{p.cluster.nodes, p.cluster.ask}
		serve := func(w http.ResponseWriter, r *http.Request) { p.files.ServePeer(w, r) } // made here
		p.cluster.peers.Handle("GET "+file.PeerPath+"{id}", http.HandlerFunc(serve))
	}
	p.files, err = file.New(cfg, p.chat, p.stores.files, p.folder, p.log)
	return err
}

// files is what the keeper of uploaded files is told of the settings.
func (s *Settings) files(key string) file.Config {
	return file.Config{
		Key: []byte(key), PublicURL: s.PublicURL, Quota: noneIsNegative(int64(s.ChatFiles)), Keep: s.ChatHistoryAge + filesMargin,
	}
}

// fileMetrics are what was uploaded and is kept.
func (p *program) fileMetrics() []web.Sample {
	st := p.files.Stats()
	out := []web.Sample{
		gauge("files", "Uploaded files that are kept.", st.Files),
		{Name: "files_bytes", Help: "Bytes of them, and of uploads that run.", Value: float64(st.Bytes)},
		{Name: "files_limit_bytes", Help: "How many there may be.", Value: float64(st.Quota)},
		gauge("uploads_running", "Uploads that run.", st.Running),
		counter("files_opened_total", "Times that a file was given out, parts included.", st.Opened),
		counter("files_removed_total", "Files removed, by reason.", st.Withdrawn, web.Label{Name: "reason", Value: "withdrawn"}),
		counter("files_removed_total", "Files removed, by reason.", st.Expired, web.Label{Name: "reason", Value: "expired"}),
		counter("files_unnoted_total", "Messages with files that a withdrawal will not find, if it comes after they are out of the log.", st.Unnoted),
	}
	for _, u := range st.Uploads {
		kind := string(u.Kind)
		if kind == "" {
			kind = "none"
		}
		out = append(out, counter("uploads_total", "Uploads and wishes to upload, by kind and what became of them.", u.Count,
			web.Label{Name: "kind", Value: kind}, web.Label{Name: "outcome", Value: u.Outcome}))
	}
	return out
}
