-- Gives pushes a whole lease that are their rooms' newest and active.
-- KEYS 1 leases 2 status
-- ARGV 1 lease in ms, then room and generation of each push
-- Returns the head of each room's status, empty where there is none.
local t = redis.call('TIME')
local till = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[1]
local out = {}
for i = 2, #ARGV, 2 do
  local value = redis.call('HGET', KEYS[2], ARGV[i])
  local head, generation, active = '', nil, nil
  if value then head, generation, active = string.match(value, '^(%d+ %d+ %d+ (%d+) (%d) %d) ') end
  if active == '1' and generation == ARGV[i + 1] then redis.call('ZADD', KEYS[1], till, ARGV[i]) end
  out[#out + 1] = head
end
return out
