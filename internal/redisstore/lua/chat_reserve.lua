-- chat.Store.Reserve: claims the key of a send.
--
-- KEYS 1 head, 2 the send's key: string P<op> while it is under way, then A (delivered), D (dropped) or U (unheard), its Seq
--      and its ms
-- ARGV 1 op, 2 ms the claim stands
-- Answer: 'none', or what holds it by another operation, or false
if redis.call('EXISTS', KEYS[1]) == 0 then return 'none' end
local was = redis.call('SET', KEYS[2], 'P' .. ARGV[1], 'NX', 'GET', 'PX', ARGV[2])
if was and was ~= 'P' .. ARGV[1] then return was end
return false
