-- gift.Orders.Ask. After gift_book.lua.
-- KEYS 1–11 as there
-- ARGV 1 key of the order, 2 op, 3 how often it was asked, 4 when it is due again, µs
-- Answers 1 where it is the caller's to ask, 0 where not, -1 where there is no such order.
local old = redis.call('HGET', KEYS[2], ARGV[1])
if not old then return -1 end
local json, state, asked, op = kept(old)
if state ~= 'p' then return 0 end
local n = tonumber(ARGV[3])
if asked == n + 1 and op == ARGV[2] then return 1 end
if asked ~= n then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], json .. '\np ' .. whole(n + 1) .. ' ' .. ARGV[2])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
return 1
