-- Changes whom a user follows, and notes what is due in the list of who is followed.
-- KEYS 1 sorted set: whom he follows → since, µs, 2 hash: '' → time of his newest change, µs, and each user in whose list a
--      change is due → its time and 1 (follows) or 0, 3 the operation's memory
-- ARGV 1 whom, 2 1 or 0, 3 most he may follow, 4 ms the operation is remembered, 5 when he was noted as somebody who changes
--      something, ms, 6 ms after which that is too late
-- Answers 'done', whether it was a change, and the time and 1 or 0 of what is due, '' if nothing is; 'full'; 'late'
local before = redis.call('GET', KEYS[3])
local due = redis.call('HGET', KEYS[2], ARGV[1]) or ''
if before then return { 'done', before, due } end
local t = redis.call('TIME')
local us = t[1] * 1000000 + t[2]
if us / 1000 - ARGV[5] > tonumber(ARGV[6]) then return { 'late' } end
local since, on = redis.call('ZSCORE', KEYS[1], ARGV[1]), ARGV[2] == '1'
local changed = '0'
if on ~= (since ~= false) then
  if on and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return { 'full' } end
  local at = string.format('%d', math.max(us, (redis.call('HGET', KEYS[2], '') or 0) + 1))
  if on then redis.call('ZADD', KEYS[1], at, ARGV[1]) else redis.call('ZREM', KEYS[1], ARGV[1]) end
  changed, due = '1', at .. ' ' .. ARGV[2]
  redis.call('HSET', KEYS[2], '', at, ARGV[1], due)
  redis.call('PERSIST', KEYS[2])
end
redis.call('SET', KEYS[3], changed, 'PX', ARGV[4])
return { 'done', changed, due }
