-- Lists a group among those with gifts to work at, before there are any.
-- KEYS 1 marks, hash: group → mark, and '' → the newest of all; 2 busy, sorted set of groups by name; 3 groups, sorted set of all by name
-- ARGV 1 group, 2 newest mark that counts no longer
-- Answers the group's mark, a number.
local mark = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
if mark <= tonumber(ARGV[2]) then
  mark = math.max(tonumber(redis.call('HGET', KEYS[1], '') or '0'), tonumber(ARGV[2])) + 1
  redis.call('HSET', KEYS[1], '', string.format('%.0f', mark), ARGV[1], string.format('%.0f', mark))
end
redis.call('ZADD', KEYS[2], 0, ARGV[1])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
return mark
