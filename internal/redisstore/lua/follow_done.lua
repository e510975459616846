-- Notes that a change is in the list of who is followed. Where nothing else is due, what is left of the hash lasts for a while only.
-- KEYS 1 hash of what is due, see follow_set.lua
-- ARGV 1 user, 2 what was due, 3 that while, ms
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
if redis.call('HLEN', KEYS[1]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1
