-- Takes or renews a lease that one node may have at a time.
-- KEYS 1 the lease: its holder, with the lease's lifetime; 2 its fence: the number of the newest term
-- ARGV 1 holder; 2 lifetime in ms; 3 the term that is renewed, 0 for a new one
-- Answers the term, or 0 if another has the lease. A new term is larger than any before, also where Redis forgot them: it
-- is no less than the time in milliseconds.
local holder = redis.call('GET', KEYS[1])
if ARGV[3] ~= '0' then
  if holder ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[3] then return 0 end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return tonumber(ARGV[3])
end
if holder and holder ~= ARGV[1] then return 0 end
local t = redis.call('TIME')
local term = math.max(tonumber(redis.call('GET', KEYS[2]) or 0) + 1, t[1] * 1000 + math.floor(t[2] / 1000))
redis.call('SET', KEYS[2], string.format('%.0f', term))
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return term
