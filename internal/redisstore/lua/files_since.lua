-- Since when this store remembers files: since it was first asked.
-- KEYS 1 hash of usage
-- ARGV none
redis.call('HSETNX', KEYS[1], 'since', redis.call('TIME')[1])
return tonumber(redis.call('HGET', KEYS[1], 'since'))
