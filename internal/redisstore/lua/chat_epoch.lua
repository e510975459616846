-- Begins a new epoch of a group of which a node knows what Redis has forgotten. After chat_known.lua and chat_log.lua.
--
-- KEYS 1–5 as there
-- ARGV 1 op, 2 epoch and 3 Pos the node knows, 4 new epoch, 5 op of the entry it knows
local h = head()
if not h or not forgot(h.e, h.p, KEYS[3], ARGV[2], ARGV[3], ARGV[5]) then return 0 end
h.e = ARGV[4]
redis.call('HSET', KEYS[1], 'e', h.e)
redis.call('DEL', KEYS[3])
tell(h, ARGV[1], clock(), 0, {}, '')
save(h)
return 1
