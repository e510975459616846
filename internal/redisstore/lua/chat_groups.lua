-- Reads a part of the list of groups.
--
-- KEYS 1 sorted set: groups by number
-- ARGV 1 number after which they are wanted, 2 most of them
-- Answer: how many there are in all, group and number in turn
return {redis.call('ZCARD', KEYS[1]), redis.call('ZRANGE', KEYS[1], '(' .. ARGV[1], '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[2], 'WITHSCORES')}
