-- Lists what touch.lua noted, the oldest first.
-- KEYS 1 the set
-- ARGV 1 how long ago it must be, ms, 2 most members
-- Answers the time, ms, then each member and its time
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local out = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
table.insert(out, 1, now)
return out
