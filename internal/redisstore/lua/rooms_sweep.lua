-- Forgets tombstones that nobody needs any more: old ones, everything of which was delivered.
-- KEYS 1 tombstones 2 status 3 rooms 4 pending
-- ARGV 1 deleted before, in ms 2 how many are looked at, from 3 on
-- Returns how many were forgotten, and how many of those looked at have to stay.
local gone, stay = 0, 0
for _, room in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1], 'LIMIT', ARGV[3], ARGV[2])) do
  if redis.call('HEXISTS', KEYS[3], room) == 1 or redis.call('ZSCORE', KEYS[4], room) then
    stay = stay + 1
  else
    redis.call('HDEL', KEYS[2], room)
    redis.call('ZREM', KEYS[1], room)
    gone = gone + 1
  end
end
return {gone, stay}
