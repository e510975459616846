-- Pushes whose lease is over.
-- KEYS 1 leases 2 status
-- ARGV 1 how many at most
-- Returns room, generation of each, one after the other.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local out = {}
for _, room in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])) do
  local generation = string.match(redis.call('HGET', KEYS[2], room) or '', '^%d+ %d+ %d+ (%d+)')
  if generation then
    out[#out + 1] = room
    out[#out + 1] = generation
  else
    redis.call('ZREM', KEYS[1], room)
  end
end
return out
