-- Takes what a dead node said of a user: whoever gets it is the only one.
-- KEYS[1] as in people_user.lua  ARGV[1] the dead node
-- Answers its JSON; nil: it said nothing, or another took it.
local said = redis.call('HGET', KEYS[1], ARGV[1])
if not said then return nil end
redis.call('HDEL', KEYS[1], ARGV[1])
return string.match(said, '^%d+ (.*)$')
