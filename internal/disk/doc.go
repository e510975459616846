// Package disk knows of the disk under a folder what the standard library does not tell.
package disk
