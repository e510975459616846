-- The statuses of the rooms whose stream is active.
-- KEYS 1 publishing 2 status
-- ARGV none
-- Returns them, in no order.
local out = {}
for _, room in ipairs(redis.call('SMEMBERS', KEYS[1])) do out[#out + 1] = redis.call('HGET', KEYS[2], room) end
return out
