-- gift.Ledgers.Ledger. After gift_book.lua.
-- KEYS 1–11 as there
-- ARGV 1 entries after this number, 2 most, 3 1: of one session, and 4 which: what is answered may be of others too
-- Answers the number before the first, 1 if there may be more behind them else 0, values of the orders.
local trimmed, upTo = field('b'), field('e')
local after = math.max(tonumber(ARGV[1]), trimmed)
if ARGV[3] == '1' then
  local _, _, _, first, last = sums(ARGV[4])
  after, upTo = math.max(after, first - 1), last
end
local n = math.min(tonumber(ARGV[2]), upTo - after)
if n <= 0 then return {whole(after), 0, {}} end
local keys = redis.call('LRANGE', KEYS[7], after - trimmed, after - trimmed + n - 1)
return {whole(after), after + n < upTo and 1 or 0, redis.call('HMGET', KEYS[2], unpack(keys))}
