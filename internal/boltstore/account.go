package boltstore

import (
	"context"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/account"
)

// Buckets of the accounts, made with the first one:
//
//	accounts         user id → account.Account (JSON)
//	accounts.gone    user id → time.Time (JSON): NotBefore of an account that was deleted, until it is made anew
//	accounts.untold  user id → when his account was deleted (8 bytes, big endian, µs), until others know of it
//	accounts.guests  time of creation (8 bytes, big endian, nanoseconds), user id → nothing: named guests, oldest first
var (
	bucketAccounts = []byte("accounts")
	bucketGuests   = []byte("accounts.guests")
	bucketDeleted  = []byte("accounts.gone")
	bucketUntold   = []byte("accounts.untold")
)

// Accounts is the file as account.Store. Everything is class A.
type Accounts struct{ s *Store }

var _ account.Store = (*Accounts)(nil)

// Accounts is the accounts' view of the file.
func (s *Store) Accounts() *Accounts { return &Accounts{s: s} }

// Account implements account.Store.
func (a *Accounts) Account(ctx context.Context, user string) (acc account.Account, err error) {
	err = a.s.view(ctx, func(tx *bolt.Tx) error {
		acc, err = loadAccount(tx, user)
		return err
	})
	return acc, err
}

// Accounts implements account.Store.
func (a *Accounts) Accounts(ctx context.Context, users []string) ([]account.Account, error) {
	all := make([]account.Account, 0, len(users))
	err := a.s.view(ctx, func(tx *bolt.Tx) error {
		for _, user := range users {
			acc, found, err := findAccount(tx, user)
			if err != nil {
				return err
			}
			if found {
				all = append(all, acc)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// AccountsAfter implements account.Store.
func (a *Accounts) AccountsAfter(ctx context.Context, after string, limit int) ([]account.Account, error) {
	var all []account.Account
	err := a.s.view(ctx, func(tx *bolt.Tx) error {
		all = nil
		b := tx.Bucket(bucketAccounts)
		if b == nil {
			return nil
		}
		c := b.Cursor()
		for k, _ := c.Seek([]byte(after + "\x00")); k != nil && len(all) < limit; k, _ = c.Next() {
			acc, err := loadAccount(tx, string(k))
			if err != nil {
				return err
			}
			all = append(all, acc)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// PutAccount implements account.Store.
func (a *Accounts) PutAccount(ctx context.Context, fresh account.Account, p account.Patch) (stored account.Account, created bool, err error) {
	err = a.s.update(ctx, func(tx *bolt.Tx) error {
		old, found, err := findAccount(tx, fresh.User)
		if err != nil {
			return err
		}
		if created = !found; found {
			stored = p.Apply(old)
			return storeAccount(tx, stored)
		}
		if at, untold := untoldAt(tx, fresh.User); untold {
			return &account.UntoldError{Gone: account.Gone{User: fresh.User, At: at}}
		}
		notBefore, err := deletedAt(tx, fresh.User)
		if err != nil {
			return err
		}
		if b := tx.Bucket(bucketDeleted); b != nil {
			if err := b.Delete([]byte(fresh.User)); err != nil {
				return err
			}
		}
		stored = fresh.NotSooner(notBefore)
		return storeAccount(tx, stored)
	})
	if err != nil {
		return account.Account{}, false, err
	}
	return stored, created, nil
}

// PatchAccount implements account.Store.
func (a *Accounts) PatchAccount(ctx context.Context, user string, p account.Patch) (stored account.Account, err error) {
	err = a.s.update(ctx, func(tx *bolt.Tx) error {
		old, err := loadAccount(tx, user)
		if err != nil {
			return err
		}
		stored = p.Apply(old)
		return storeAccount(tx, stored)
	})
	if err != nil {
		return account.Account{}, err
	}
	return stored, nil
}

// DeleteAccount implements account.Store.
func (a *Accounts) DeleteAccount(ctx context.Context, user string, notBefore time.Time) (gone account.Gone, err error) {
	err = a.s.update(ctx, func(tx *bolt.Tx) error {
		acc, err := loadAccount(tx, user)
		if err != nil {
			return err
		}
		if gone, err = removeAccount(tx, acc); err != nil || acc.Guest {
			return err
		}
		b, err := tx.CreateBucketIfNotExists(bucketDeleted)
		if err != nil {
			return err
		}
		return putJSON(b, []byte(user), acc.NotSooner(notBefore).NotBefore)
	})
	if err != nil {
		return account.Gone{}, err
	}
	return gone, nil
}

// NotBefore implements account.Store.
func (a *Accounts) NotBefore(ctx context.Context, user string) (notBefore time.Time, err error) {
	err = a.s.view(ctx, func(tx *bolt.Tx) error {
		notBefore, err = deletedAt(tx, user)
		return err
	})
	return notBefore, err
}

// deletedAt is the NotBefore that a deleted account left; zero: none.
func deletedAt(tx *bolt.Tx, user string) (notBefore time.Time, err error) {
	if b := tx.Bucket(bucketDeleted); b != nil {
		_, err = getJSON(b, []byte(user), &notBefore)
	}
	return notBefore, err
}

// DeleteGuests implements account.Store.
func (a *Accounts) DeleteGuests(ctx context.Context, before time.Time, limit int) (deleted []account.Gone, err error) {
	err = a.s.update(ctx, func(tx *bolt.Tx) error {
		deleted = nil
		old, err := oldGuests(tx, before, limit)
		if err != nil {
			return err
		}
		for _, acc := range old {
			gone, err := removeAccount(tx, acc)
			if err != nil {
				return err
			}
			deleted = append(deleted, gone)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return deleted, nil
}

// oldGuests returns the oldest guests made before a time. They are collected before any is removed, because removing moves
// the cursor.
func oldGuests(tx *bolt.Tx, before time.Time, limit int) ([]account.Account, error) {
	guests := tx.Bucket(bucketGuests)
	if guests == nil {
		return nil, nil
	}
	var old []account.Account
	c := guests.Cursor()
	for k, _ := c.First(); k != nil && len(old) < limit; k, _ = c.Next() {
		acc, err := loadAccount(tx, string(k[8:]))
		if err != nil {
			return nil, err
		}
		if !acc.CreatedAt.Before(before) {
			break
		}
		old = append(old, acc)
	}
	return old, nil
}

func findAccount(tx *bolt.Tx, user string) (acc account.Account, found bool, err error) {
	b := tx.Bucket(bucketAccounts)
	if b == nil {
		return acc, false, nil
	}
	found, err = getJSON(b, []byte(user), &acc)
	return acc, found, err
}

func loadAccount(tx *bolt.Tx, user string) (account.Account, error) {
	acc, found, err := findAccount(tx, user)
	if err == nil && !found {
		err = account.ErrUnknownUser
	}
	return acc, err
}

func storeAccount(tx *bolt.Tx, acc account.Account) error {
	b, err := tx.CreateBucketIfNotExists(bucketAccounts)
	if err != nil {
		return err
	}
	if err := putJSON(b, []byte(acc.User), acc); err != nil || !acc.Guest {
		return err
	}
	guests, err := tx.CreateBucketIfNotExists(bucketGuests)
	if err != nil {
		return err
	}
	return mark(guests, guestKey(acc), true)
}

// removeAccount removes an account, and notes that others are to know of it.
func removeAccount(tx *bolt.Tx, acc account.Account) (gone account.Gone, err error) {
	untold, err := tx.CreateBucketIfNotExists(bucketUntold)
	if err != nil {
		return gone, err
	}
	now := time.Now().UnixMicro()
	gone = account.Gone{User: acc.User, At: time.UnixMicro(now)}
	if err := untold.Put([]byte(acc.User), number(uint64(now))); err != nil {
		return gone, err
	}
	if err := tx.Bucket(bucketAccounts).Delete([]byte(acc.User)); err != nil || !acc.Guest {
		return gone, err
	}
	return gone, mark(tx.Bucket(bucketGuests), guestKey(acc), false)
}

func guestKey(acc account.Account) []byte {
	return append(number(uint64(acc.CreatedAt.UnixNano())), acc.User...)
}
