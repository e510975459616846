-- Takes a claim that nobody has. Fences grow, also over a fail-over that lost some.
-- KEYS 1 claim:NAME 2 counters
-- ARGV 1 lifetime in ms
-- Returns the fence, 0 where another has the claim.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local t = redis.call('TIME')
local fence = math.max(tonumber(redis.call('HGET', KEYS[2], 'claim') or 0) + 1, t[1] * 1000000 + t[2])
fence = string.format('%.0f', fence)
redis.call('HSET', KEYS[2], 'claim', fence)
redis.call('SET', KEYS[1], fence, 'PX', ARGV[1])
return tonumber(fence)
