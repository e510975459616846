-- Finds nodes that have had no lease for some time although they had people.
-- KEYS[1], KEYS[2] as in people_here.lua  KEYS[3] sorted set: node -> end of its lease, ms
-- ARGV[1] how long they must have had none, ms
-- Answers the nodes whose people are to be taken over.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function lives(node)
  local ends = redis.call('ZSCORE', KEYS[3], node)
  return ends and tonumber(ends) > now
end
local all = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #all, 2 do
  if lives(all[i]) then
    redis.call('ZADD', KEYS[1], now, all[i])
  elseif now - all[i + 1] >= tonumber(ARGV[1]) then
    redis.call('ZREM', KEYS[1], all[i])
    redis.call('SADD', KEYS[2], all[i])
  end
end
local dead = {}
for _, node in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  if not lives(node) then dead[#dead + 1] = node end
end
return dead
