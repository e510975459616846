package boltstore

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/web/callback/delivery"
)

// Bounds of a block. delivery.Store.Older is as exact as blocks are small.
const (
	blockItems = 64
	blockBytes = 64 << 10
)

// storedItem is a delivery.Item in a block, without its body, which follows as it is.
type storedItem struct {
	ID       string     `json:"i"`
	Command  string     `json:"c"`
	Query    url.Values `json:"q,omitempty"`
	At       time.Time  `json:"a"`
	QueuedAt time.Time  `json:"t"`
}

// putItems stores items in blocks.
func putItems(b *bolt.Bucket, id uint64, items []*delivery.Item) error {
	for len(items) > 0 {
		block, n, err := encodeBlock(items)
		if err != nil {
			return err
		}
		last := items[n-1]
		at := last.QueuedAt.Add(time.Millisecond - time.Nanosecond).UnixMilli() // rounded up: none may seem older than it is
		key := append(append(number(id), number(last.N)...), number(uint64(at))...)
		if err := b.Put(key, block); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// encodeBlock writes items one after the other, each as two parts with their lengths: what is known of it, as JSON, and its
// body. It returns how many found room, at least one.
func encodeBlock(items []*delivery.Item) (block []byte, n int, err error) {
	for n = 0; n < len(items) && n < blockItems && len(block) < blockBytes; n++ {
		i := items[n]
		head, err := json.Marshal(storedItem{i.ID, i.Command, i.Query, i.At, i.QueuedAt})
		if err != nil {
			return nil, 0, fmt.Errorf("encode event %s: %w", i.ID, err)
		}
		for _, part := range [][]byte{head, i.Body} {
			block = append(binary.AppendUvarint(block, uint64(len(part))), part...)
		}
	}
	return block, n, nil
}

// decodeBlock reads the items of a queue's block whose last one has the number last. They share no memory with it.
func decodeBlock(k delivery.Key, last uint64, block []byte) (items []*delivery.Item, err error) {
	for len(block) > 0 {
		var head, body []byte
		for _, part := range []*[]byte{&head, &body} {
			n, size := binary.Uvarint(block)
			if size <= 0 || n > uint64(len(block)-size) {
				return nil, fmt.Errorf("%w: a block is cut off", errCorrupt)
			}
			*part = append([]byte(nil), block[size:size+int(n)]...)
			block = block[size+int(n):]
		}
		var s storedItem
		if err := json.Unmarshal(head, &s); err != nil {
			return nil, fmt.Errorf("decode an event: %w", err)
		}
		items = append(items, &delivery.Item{QueuedAt: s.QueuedAt, Event: delivery.Event{
			Endpoint: k.Endpoint, Room: k.Room, Class: k.Class, ID: s.ID, Command: s.Command, Body: body, Query: s.Query, At: s.At,
		}})
	}
	for i, item := range items {
		item.N = last - uint64(len(items)-1-i)
	}
	return items, nil
}
