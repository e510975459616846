-- Puts a group into the list of all, unless it is there.
--
-- KEYS 1 sorted set: groups by number, 2 the newest number
-- ARGV 1 group
-- Answer: its number
local number = redis.call('ZSCORE', KEYS[1], ARGV[1])
if number then return tonumber(number) end
number = redis.call('INCR', KEYS[2])
redis.call('ZADD', KEYS[1], number, ARGV[1])
return number
