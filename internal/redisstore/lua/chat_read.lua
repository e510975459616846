-- chat.Store.Log.
--
-- KEYS 1 head, 2 log
-- ARGV 1 Seq after which messages are wanted, 2 most of them
-- Answer: false if there is no group, else newest Seq, length of the log, messages
local last = redis.call('HGET', KEYS[1], 's')
if not last then return false end
last = tonumber(last)
local len, after = redis.call('LLEN', KEYS[2]), tonumber(ARGV[1])
local from = math.max(after - (last - len), 0)
return {last, len, redis.call('LRANGE', KEYS[2], from, from + tonumber(ARGV[2]) - 1)}
