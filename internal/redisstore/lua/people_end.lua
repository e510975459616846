-- Remembers that a user was sent away now.
-- KEYS[1] as in people_user.lua  ARGV[1] least lifetime of the key, ms
local t = redis.call('TIME')
redis.call('HSET', KEYS[1], '!', string.format('%d', t[1] * 1000 + math.floor(t[2] / 1000)))
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return 1
