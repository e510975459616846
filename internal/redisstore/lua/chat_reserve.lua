-- chat.Store.Reserve: claims the key of a send.
--
-- KEYS 1 head, 2 the send's key: string P<op> while it is under way, then A (delivered), D (dropped) or U (unheard), its Seq
--      and its ms
-- ARGV 1 op, 2 ms the claim stands
-- Answer: 'none', or what holds it by another operation, or false
local h = redis.call('HMGET', KEYS[1], 'e', 'ct')
if not h[1] then return 'none' end
local was = redis.call('SET', KEYS[2], 'P' .. ARGV[1], 'NX', 'GET', 'PX', ARGV[2])
local at = was and string.match(was, '^[ADU]%d+ (%d+)$')
if at and tonumber(at) < (tonumber(h[2]) or 0) then -- by a group that is gone
  redis.call('SET', KEYS[2], 'P' .. ARGV[1], 'PX', ARGV[2])
  return false
end
if was and was ~= 'P' .. ARGV[1] then return was end
return false
