-- Notes that something is about to happen to members of a sorted set.
-- KEYS 1 the set: member → when, ms
-- ARGV members
-- Answers the time, ms
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for i = 1, #ARGV do redis.call('ZADD', KEYS[1], now, ARGV[i]) end
return now
