-- Renews a node's lease and answers who else has one.
-- KEYS 1 nodes: id -> end of the lease in ms (sorted set); 2 what they say of themselves: id -> JSON (hash)
-- ARGV 1 id; 2 JSON; 3 lifetime in ms, 0 to give the lease up
-- Answers 1 if the node had a lease already, then the JSON of every node that has one and how long it still has it, in ms.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE')) do
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', KEYS[2], id)
end
local had = redis.call('ZSCORE', KEYS[1], ARGV[1]) and 1 or 0
if ARGV[3] == '0' then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[2], ARGV[1])
else
  redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
end
local answer = {had}
local leases = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #leases, 2 do
  answer[#answer + 1] = redis.call('HGET', KEYS[2], leases[i]) or ''
  answer[#answer + 1] = leases[i + 1] - now
end
return answer
