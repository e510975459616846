-- Begins a new epoch of a group of which a node knows more than Redis does. After chat_log.lua.
--
-- KEYS 1–5 as there
-- ARGV 1 op, 2 epoch and 3 Pos the node knows, 4 new epoch
local h = head()
if not h or h.e ~= ARGV[2] or h.p >= tonumber(ARGV[3]) then return 0 end
h.e = ARGV[4]
redis.call('HSET', KEYS[1], 'e', h.e)
redis.call('DEL', KEYS[3])
tell(h, ARGV[1], clock(), 0, {}, '')
save(h)
return 1
