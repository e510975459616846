-- One change of the control plane: a room's next status with its deadlines, outbox, log and lease, and, where asked, the room.
-- KEYS 1 status 2 outbox:ROOM 3 pending 4 deadlines 5 publishing 6 log 7 changes 8 counters 9 leases 10 tombstones
--      11 rooms 12 ids 13 groups 14 streams 15 answer:OPERATION 16 news (a channel) 17-21 code:1 … code:5
-- ARGV 1 operation 2 room 3 do: swap, create or delete 4 revision it must have (0: none) 5 revision 6 version 7 code
--      8 generation 9 publishing (0 or 1) 10 push allowed (0 or 1) 11 deleted at in ms, empty if it is not 12 state
--      13 record 14 deadlines, empty if there are none 15 log entries kept 16 changes kept 17 lease in ms
--      18 lifetime of the answer in ms 19 room record 20 group 21 stream (19 to 21 for create and delete)
-- Returns the change's number; nothing where the revision is another. Errors: LREXISTS id, groupId or stream; LRNOROOM.
local done = redis.call('GET', KEYS[15])
if done then return tonumber(done) end

local room, what = ARGV[2], ARGV[3]
local old = redis.call('HGET', KEYS[1], room)
local rev, version, code, generation, active = '0', '0', nil, nil, '0'
if old then rev, version, code, generation, active = string.match(old, '^(%d+) (%d+) (%d+) (%d+) (%d)') end
local known = redis.call('HGET', KEYS[11], room)
if what == 'create' then
  if known then return redis.error_reply('LREXISTS id') end
  if redis.call('HEXISTS', KEYS[13], ARGV[20]) == 1 then return redis.error_reply('LREXISTS groupId') end
  if redis.call('HEXISTS', KEYS[14], ARGV[21]) == 1 then return redis.error_reply('LREXISTS stream') end
elseif what == 'delete' then
  if not known then return redis.error_reply('LRNOROOM it is gone') end
  if known ~= ARGV[19] then return false end
end
if rev ~= ARGV[4] then return false end

local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local value = table.concat({ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[12]}, ' ')
redis.call('HSET', KEYS[1], room, value)
if ARGV[14] == '' then redis.call('HDEL', KEYS[4], room) else redis.call('HSET', KEYS[4], room, ARGV[14]) end
if ARGV[11] == '' then redis.call('ZREM', KEYS[10], room) else redis.call('ZADD', KEYS[10], ARGV[11], room) end
if ARGV[9] == '1' then
  redis.call('SADD', KEYS[5], room)
  if active ~= '1' or generation ~= ARGV[8] or not redis.call('ZSCORE', KEYS[9], room) then
    redis.call('ZADD', KEYS[9], now + ARGV[17], room)
  end
else
  redis.call('SREM', KEYS[5], room)
  redis.call('ZREM', KEYS[9], room)
end
if tonumber(ARGV[6]) > tonumber(version) then
  redis.call('ZADD', KEYS[2], ARGV[6], now .. ' ' .. ARGV[13])
  redis.call('ZADD', KEYS[3], 'NX', now, room)
  local seq = redis.call('HINCRBY', KEYS[8], 'log', 1)
  redis.call('XADD', KEYS[6], 'MAXLEN', '=', ARGV[15], seq .. '-0', 'r', ARGV[13])
end

local kind = 's'
if what == 'create' then
  kind = 'b'
  redis.call('HSET', KEYS[11], room, ARGV[19])
  redis.call('ZADD', KEYS[12], 0, room)
  redis.call('HSET', KEYS[13], ARGV[20], room)
  redis.call('HSET', KEYS[14], ARGV[21], room)
  redis.call('ZADD', KEYS[16 + ARGV[7]], 0, room)
elseif what == 'delete' then
  kind = 'b'
  redis.call('HDEL', KEYS[11], room)
  redis.call('ZREM', KEYS[12], room)
  redis.call('HDEL', KEYS[13], ARGV[20])
  redis.call('HDEL', KEYS[14], ARGV[21])
  for i = 17, 21 do redis.call('ZREM', KEYS[i], room) end
elseif known and code ~= ARGV[7] then
  if code then redis.call('ZREM', KEYS[16 + code], room) end
  redis.call('ZADD', KEYS[16 + ARGV[7]], 0, room)
end

local change = redis.call('HINCRBY', KEYS[8], 'change', 1)
redis.call('XADD', KEYS[7], 'MAXLEN', '=', ARGV[16], change .. '-0', 'r', room, 'k', kind, 'o', ARGV[1])
redis.call('SPUBLISH', KEYS[16], table.concat({change, ARGV[1], kind, room, value}, ' '))
redis.call('SET', KEYS[15], change, 'PX', ARGV[18])
return change
