-- The time in microseconds since 1970.
-- KEYS 1 any key of the slot whose server is asked
-- ARGV none
local t = redis.call('TIME')
return t[1] * 1000000 + t[2]
