-- The room that has a name.
-- KEYS 1 groups or streams 2 rooms
-- ARGV 1 name
-- Returns the room's record, or nothing.
local id = redis.call('HGET', KEYS[1], ARGV[1])
return id and redis.call('HGET', KEYS[2], id)
