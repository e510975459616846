-- gift.Works.EndCombos. After gift_book.lua.
-- KEYS 1–11 as there
-- ARGV 1 now, µs, 2 most, 3 how long a combo is kept after its end, µs
-- Answers how many were ended or forgotten.
local due = redis.call('ZRANGE', KEYS[5], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2])
for _, name in ipairs(due) do
  local _, running, count, value, total, last = combo(name)
  if running == '1' then
    show(ARGV[1], 'f', count, value, total, last)
    keep(name, tonumber(ARGV[1]) + tonumber(ARGV[3]), '0', 0, 0, total, last)
  else
    redis.call('HDEL', KEYS[4], name)
    redis.call('ZREM', KEYS[5], name)
    redis.call('HINCRBY', KEYS[1], 'c', -1)
  end
end
return #due
