-- gift.Orders.Settle. After gift_book.lua.
-- KEYS 1–11 as there
-- ARGV 1 key of the order, 2 op, 3 a: accepted or r: refused, 4 when, µs, 5 why refused, 6 most clicks of a message,
--      7 stillness that ends a combo, µs
-- Answers 'none'; 'old' or 'new' and the order's value.
local old = redis.call('HGET', KEYS[2], ARGV[1])
if not old then return {'none'} end
local json, state = kept(old)
if state ~= 'p' then return {'old', old} end
if ARGV[3] == 'a' then
  return {'new', settled(ARGV[1], json, ARGV[4], ARGV[2], tonumber(ARGV[6]), tonumber(ARGV[7]))}
end
local value = json .. '\nr ' .. ARGV[4] .. ' ' .. ARGV[2] .. ' ' .. ARGV[5]
redis.call('HSET', KEYS[2], ARGV[1], value)
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('HINCRBY', KEYS[1], 'p', -1)
redis.call('ZADD', KEYS[11], ARGV[4], ARGV[1])
return {'new', value}
