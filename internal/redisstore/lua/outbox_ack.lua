-- Takes a record out of a room's outbox. Where a claim is given, only for who holds it.
-- KEYS 1 outbox:ROOM 2 pending 3 claim:outbox:ROOM
-- ARGV 1 room 2 version 3 fence of the claim, 0: none is asked for
-- Returns how many are left. Error: LRFENCED.
if ARGV[3] ~= '0' and redis.call('GET', KEYS[3]) ~= ARGV[3] then return redis.error_reply('LRFENCED another has the claim') end
redis.call('ZREMRANGEBYSCORE', KEYS[1], ARGV[2], ARGV[2])
local first = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
if first then
  redis.call('ZADD', KEYS[2], string.match(first, '^%d+'), ARGV[1])
  return redis.call('ZCARD', KEYS[1])
end
redis.call('ZREM', KEYS[2], ARGV[1])
return 0
