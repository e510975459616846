-- Begins a group, if its id is free.
--
-- KEYS 1 head, 2 op
-- ARGV 1 ms the operation is remembered, 2 epoch, 3 head (JSON)
-- Answer: 1 if it was made, by this operation
if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local t = redis.call('TIME')
local ms = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('HSET', KEYS[1], 'e', ARGV[2], 'ct', ms, 's', 0, 'p', 0, 'hd', ARGV[3], 'hr', 0, 'br', 0, 'cr', 0, 'wd', 0, 'rr', 0)
redis.call('SET', KEYS[2], 'made', 'PX', ARGV[1])
return 1
