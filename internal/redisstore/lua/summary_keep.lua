-- Keeps a summary of a group, unless there is one of its session, and drops what is too old or too much.
-- KEYS 1 summaries, 2 sessions by number
-- ARGV 1 session, 2 its number, 3 the summary, 4 how many are kept, 5 lifetime in ms, 6 the smallest number that is kept
-- Answers the one that is kept.
local first = redis.call('HGET', KEYS[1], ARGV[1])
if first then
  return first
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
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
return ARGV[3]
