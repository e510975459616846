-- Puts a user's silence in the place of what was there, if it still is.
--
-- KEYS 1 hash: silences by user
-- ARGV 1 user, 2 what was there ('': nothing), 3 what is to be there ('': nothing)
-- Answer: 1 if it is there now
local now = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if now == ARGV[3] then return 1 end
if now ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return 1
