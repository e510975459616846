-- gift.Ledgers.Trim. After gift_book.lua.
-- KEYS 1–11 as there
-- ARGV 1 accepted orders before this, µs, 2 refused ones before this, 3 most things removed
-- Answers how many things were, as many as asked for where there may be more.
local most, n = tonumber(ARGV[3]), 0
local trimmed, told = field('b'), field('t')
while n < most and trimmed < told do
  local key = redis.call('LINDEX', KEYS[7], 0)
  local _, _, at = kept(redis.call('HGET', KEYS[2], key))
  if at >= tonumber(ARGV[1]) then break end
  redis.call('HDEL', KEYS[2], key)
  redis.call('LPOP', KEYS[7])
  trimmed, n = trimmed + 1, n + 1
end
redis.call('HSET', KEYS[1], 'b', whole(trimmed))
for _, key in ipairs(redis.call('ZRANGE', KEYS[11], '-inf', '(' .. ARGV[2], 'BYSCORE', 'LIMIT', 0, most - n)) do
  redis.call('HDEL', KEYS[2], key)
  redis.call('ZREM', KEYS[11], key)
  n = n + 1
end
for _, session in ipairs(redis.call('ZRANGE', KEYS[10], '-inf', '(' .. ARGV[1], 'BYSCORE', 'LIMIT', 0, most - n)) do
  local ranks = redis.call('ZRANGE', KEYS[9], '[' .. session .. '\31', '(' .. session .. '\32', 'BYLEX', 'LIMIT', 0, 1000)
  for _, rank in ipairs(ranks) do redis.call('HDEL', KEYS[8], session .. '\31' .. string.sub(rank, #session + 19)) end
  if #ranks > 0 then redis.call('ZREM', KEYS[9], unpack(ranks)) end
  if #ranks == 1000 then return most end
  redis.call('HDEL', KEYS[1], '=' .. session)
  redis.call('ZREM', KEYS[10], session)
  n = n + 1
end
return n
