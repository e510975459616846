-- gift.Works.Work. After gift_book.lua.
-- KEYS 1–11 as there
-- ARGV 1 now, µs, 2 most of each list
-- Answers 1 if the group has work else 0; of pending orders that are due their values and dues, in turns; the next due of one, or
-- ''; since when a combo is due, or ''; the next due of one, or ''; number of the newest message taken; messages; number of entries
-- told; values of entries not told.
local now, most = ARGV[1], tonumber(ARGV[2])
local function next(key)
  return redis.call('ZRANGE', key, '(' .. now, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')[2] or ''
end
local due, asks = redis.call('ZRANGE', KEYS[3], '-inf', now, 'BYSCORE', 'LIMIT', 0, most, 'WITHSCORES'), {}
for i = 1, #due, 2 do
  asks[i], asks[i + 1] = redis.call('HGET', KEYS[2], due[i]), due[i + 1]
end
local first = redis.call('ZRANGE', KEYS[5], 0, 0, 'WITHSCORES')[2]
local ending = first and tonumber(first) <= tonumber(now) and first or ''
local told, trimmed = field('t'), field('b')
local keys, untold = redis.call('LRANGE', KEYS[7], told - trimmed, told - trimmed + most - 1), {}
for i, key in ipairs(keys) do untold[i] = redis.call('HGET', KEYS[2], key) end
return {busy() and 1 or 0, asks, next(KEYS[3]), ending, next(KEYS[5]), whole(field('a')), redis.call('LRANGE', KEYS[6], 0, most - 1), whole(told), untold}
