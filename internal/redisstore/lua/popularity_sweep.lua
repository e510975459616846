-- Takes groups off a board whose level is below one.
-- KEYS 1 levels, 2 levels of the scale that forgets sooner
-- ARGV 1 the level, 2 how many at most
-- Answers their names.
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
for _, group in ipairs(gone) do
  redis.call('ZREM', KEYS[1], group)
  redis.call('ZREM', KEYS[2], group)
end
return gone
