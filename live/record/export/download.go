package export

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"

	"liveroom/live/blob"
)

// Download is the name under which the n-th file of a job is downloaded, from 1 on: {recording}-{export}-{n}.mp4 or .flv.
func (j Job) Download(n int) string {
	return fmt.Sprintf("%s-%s-%d.%s", j.Recording, j.ID, n, j.Format)
}

var downloadPattern = regexp.MustCompile(`^([0-9A-Z]{26})-([0-9A-Za-z]{1,40})-([1-9][0-9]{0,3})\.(mp4|flv)$`)

// Files are the downloads of a recording: all files that are whole, of all its exports.
func (s *Service) Files(ctx context.Context, recording string) (files []string, err error) {
	all, err := s.Exports(ctx, recording)
	for _, j := range all {
		for n := range j.Files {
			files = append(files, j.Download(n+1))
		}
	}
	return files, err
}

// Download opens a download, and names it as somebody would keep it, without extension: by the recording's title. An error
// that is fs.ErrNotExist says that it is not there.
func (s *Service) Download(ctx context.Context, recording, file string) (o blob.Object, title string, err error) {
	m := downloadPattern.FindStringSubmatch(file)
	if m == nil || m[1] != recording {
		return nil, "", fmt.Errorf("export: %q is no download: %w", file, fs.ErrNotExist)
	}
	r, err := s.lib.Recording(ctx, recording)
	if err != nil {
		return nil, "", err
	}
	n, _ := strconv.Atoi(m[3]) // it is short
	j, err := s.One(ctx, recording, m[2])
	switch {
	case err == ErrUnknown, err == nil && (string(j.Format) != m[4] || n > len(j.Files)): //nolint:errorlint // One answers it as it is
		return nil, "", fmt.Errorf("export: %q is gone: %w", file, fs.ErrNotExist)
	case err != nil:
		return nil, "", err
	}
	o, _, err = s.Open(ctx, recording, j.ID, n)
	title = r.Title
	if len(j.Files) > 1 {
		title += " " + m[3]
	}
	return o, title, err
}
