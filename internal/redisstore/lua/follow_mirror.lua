-- Brings the list of who follows a user in step with a follower's change, unless it knows of a newer one of his.
-- KEYS 1 sorted set: who follows him → since, µs, 2 sorted set: who ceased to → when, µs, for a while
-- ARGV 1 follower, 2 time of the change, µs, 3 1 or 0, 4 µs for which is kept who ceased to
-- Answers how many follow him
local newest = redis.call('ZSCORE', KEYS[1], ARGV[1]) or redis.call('ZSCORE', KEYS[2], ARGV[1]) or 0
if tonumber(ARGV[2]) > tonumber(newest) then
  local is, was = KEYS[1], KEYS[2]
  if ARGV[3] == '0' then is, was = was, is end
  redis.call('ZREM', was, ARGV[1])
  redis.call('ZADD', is, ARGV[2], ARGV[1])
end
local t = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%d', t[1] * 1000000 + t[2] - ARGV[4]))
redis.call('PEXPIRE', KEYS[2], string.format('%d', ARGV[4] / 1000))
return redis.call('ZCARD', KEYS[1])
