-- Stores a room that was changed, if it is still the one that was read and its new names are free.
-- KEYS 1 rooms 2 groups 3 streams 4 counters 5 changes 6 answer:OPERATION 7 news (a channel)
-- ARGV 1 operation 2 room 3 record as it was read 4 next record 5 old group 6 next group 7 old stream 8 next stream
--      9 changes kept 10 lifetime of the answer in ms
-- Returns the change's number; nothing where the room is another by now. Errors: LREXISTS groupId or stream; LRNOROOM.
local done = redis.call('GET', KEYS[6])
if done then return tonumber(done) end
local room = ARGV[2]
local known = redis.call('HGET', KEYS[1], room)
if not known then return redis.error_reply('LRNOROOM it is gone') end
if known ~= ARGV[3] then return false end
local group = redis.call('HGET', KEYS[2], ARGV[6])
if group and group ~= room then return redis.error_reply('LREXISTS groupId') end
local stream = redis.call('HGET', KEYS[3], ARGV[8])
if stream and stream ~= room then return redis.error_reply('LREXISTS stream') end
redis.call('HDEL', KEYS[2], ARGV[5])
redis.call('HDEL', KEYS[3], ARGV[7])
redis.call('HSET', KEYS[2], ARGV[6], room)
redis.call('HSET', KEYS[3], ARGV[8], room)
redis.call('HSET', KEYS[1], room, ARGV[4])
local change = redis.call('HINCRBY', KEYS[4], 'change', 1)
redis.call('XADD', KEYS[5], 'MAXLEN', '=', ARGV[9], change .. '-0', 'r', room, 'k', 'r', 'o', ARGV[1])
redis.call('SPUBLISH', KEYS[7], table.concat({change, ARGV[1], 'r', room, ''}, ' '))
redis.call('SET', KEYS[6], change, 'PX', ARGV[10])
return change
