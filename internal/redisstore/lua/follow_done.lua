-- Notes that a change is in the list of who is followed.
-- KEYS 1 hash of what is due, see follow_set.lua
-- ARGV user and what was due, each
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 1
