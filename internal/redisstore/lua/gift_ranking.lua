-- gift.Ledgers.Ranking. After gift_book.lua.
-- KEYS 1–11 as there
-- ARGV 1 session, 2 most
-- Answers users and what is kept of each, in turns.
local ranks, out = redis.call('ZRANGE', KEYS[9], '[' .. ARGV[1] .. '\31', '(' .. ARGV[1] .. '\32', 'BYLEX', 'LIMIT', 0, ARGV[2]), {}
for i, rank in ipairs(ranks) do
  local user = string.sub(rank, #ARGV[1] + 19)
  out[2 * i - 1], out[2 * i] = user, redis.call('HGET', KEYS[8], ARGV[1] .. '\31' .. user)
end
return out
