-- Keeps a summary of a group with a number, unless there is one of its session, and drops what is too old or too much.
-- KEYS 1 summaries, 2 sessions by their beginnings, 3 the last number
-- ARGV 1 session, 2 its beginning, 3 the summary, a JSON object without number, 4 how many are kept, 5 lifetime in ms,
--      6 the first beginning that is kept
-- Answers the one that is kept.
local first = redis.call('HGET', KEYS[1], ARGV[1])
if first then
  return first
end
local now = redis.call('TIME')
local number = math.max(now[1] * 1000000 + now[2], (tonumber(redis.call('GET', KEYS[3])) or 0) + 1)
number = string.format('%.0f', number)
local kept = '{"number":' .. number .. ',' .. string.sub(ARGV[3], 2)
redis.call('SET', KEYS[3], number, 'PX', ARGV[5])
redis.call('HSET', KEYS[1], ARGV[1], kept)
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
local old = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[6])
for _, session in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1 - ARGV[4])) do
  table.insert(old, session)
end
for _, session in ipairs(old) do
  if session ~= ARGV[1] then
    redis.call('HDEL', KEYS[1], session)
    redis.call('ZREM', KEYS[2], session)
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return kept
