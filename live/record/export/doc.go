// Package export makes files out of recordings: MP4 and FLV that can be downloaded, and shorter recordings that are cut out of
// longer ones. Nothing is coded anew: what was pushed is put into another container.
//
// An export is a job. One node works at the jobs, one file at a time: it reads segment after segment, writes the file through
// blob.Store as it goes, and keeps of it only where its pictures and sounds stand. A file is seen when it is whole; a job that
// a crash cut off goes on with the file it was at.
//
// In a file, gaps take no time, and times never go back. A recording becomes several files where its codecs change or a file
// would last longer than it may. Points in a recording are ms of its play time: gaps left out.
package export
