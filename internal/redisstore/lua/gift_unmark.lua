-- Takes a group off the list of gift_mark.lua, if it was not marked anew since.
-- KEYS 1–2 as there
-- ARGV 1 group, 2 its mark that counts no longer
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
