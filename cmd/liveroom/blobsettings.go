package main

import "errors"

// validBlobs says which setting of where recordings are kept can't be used.
func (s *Settings) validBlobs() error {
	if s.RecordShared == on && s.RecordStore == "" {
		return errors.New("record-shared is on: record-store must name the folder that the nodes share")
	}
	return nil
}
