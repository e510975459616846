-- Remembers that a user was sent away.
-- KEYS[1] as in people_user.lua  ARGV[1] least lifetime of the key, ms  ARGV[2] how long ago, ms
local t = redis.call('TIME')
local at = t[1] * 1000 + math.floor(t[2] / 1000) - ARGV[2]
local known = redis.call('HGET', KEYS[1], '!')
if not known or tonumber(known) < at then
  redis.call('HSET', KEYS[1], '!', string.format('%d', at))
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return 1
