-- Notes that a node has people.
-- KEYS[1] sorted set: node -> when it was seen last, ms  KEYS[2] set: dead nodes whose people are being taken over
-- ARGV[1] the node
-- Answers 1 if it was not known: it is new, or was taken for dead.
local t = redis.call('TIME')
redis.call('SREM', KEYS[2], ARGV[1])
return redis.call('ZADD', KEYS[1], t[1] * 1000 + math.floor(t[2] / 1000), ARGV[1])
