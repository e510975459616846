-- Lets the log of statuses begin anew, so that nobody can go on in it from an entry that was lost.
-- KEYS 1 log 2 counters
-- ARGV 1 how many numbers are left out
-- Returns nothing of interest.
redis.call('DEL', KEYS[1])
return redis.call('HINCRBY', KEYS[2], 'log', ARGV[1])
