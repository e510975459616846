-- gift.Orders.Place. After gift_book.lua.
-- KEYS 1–11 as there
-- ARGV 1 key of the order, 2 op, 3 JSON, 4 when it is due to be asked again, µs, 5 mark of its group, 6 most pending,
--      7 value from which on the ledger is full
-- Answers 'new'; 'old' and the order's value; 'unmarked' and the newest mark that counts no longer; 'pending'; 'full'.
local old = redis.call('HGET', KEYS[2], ARGV[1])
if old then return {'old', old} end
local refused = takes(ARGV[5], 6)
if refused then return refused end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3] .. '\np 1 ' .. ARGV[2])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
redis.call('HINCRBY', KEYS[1], 'p', 1)
return {'new'}
