-- Reads a group, or what a change of it needs. After chat_known.lua.
--
-- KEYS 1 head, 2 log, 3 op ('' key of nothing asked if ARGV[1] is empty), 4 mutes, 5 bans, 6 withdrawals, 7 robots, 8 entries
-- ARGV 1 op, 2 epoch and 3 Pos its reader knows, 4 what is wanted: l log, m mutes and bans, w withdrawals, r robots,
--      5 Seq of one message that is wanted (0: none), 6 op of the entry its reader knows
-- Answer: state, µs, answer to the operation if it was made before, log's length, fields of head (see chatFields), log,
--      mutes, bans, withdrawals, robots, message, newest entry. State is 'here', 'again', 'none' or 'behind'.
local t = redis.call('TIME')
local us = t[1] .. string.format('%06d', t[2])
if ARGV[1] ~= '' then
  local before = redis.call('GET', KEYS[3])
  if before then return {'again', us, before} end
end
local h = redis.call('HMGET', KEYS[1], 'e', 's', 'p', 'hd', 'hr', 'br', 'c', 'cr', 'wd', 'rr')
if not h[1] then return {'none', us} end
if forgot(h[1], tonumber(h[3]), KEYS[8], ARGV[2], ARGV[3], ARGV[6]) then return {'behind', us, h[1]} end
local function wants(what, command, key, ...)
  if not string.find(ARGV[4], what, 1, true) then return false end
  return redis.call(command, key, ...)
end
local newest = redis.call('LINDEX', KEYS[8], -1)
local len, message = redis.call('LLEN', KEYS[2]), false
local seq, last = tonumber(ARGV[5]), tonumber(h[2])
if seq > last - len and seq <= last then message = redis.call('LINDEX', KEYS[2], seq - last - 1) end
return {'here', us, false, len, h, wants('l', 'LRANGE', KEYS[2], 0, -1), wants('m', 'HGETALL', KEYS[4]), wants('m', 'HGETALL', KEYS[5]),
  wants('w', 'LRANGE', KEYS[6], 0, -1), wants('r', 'GET', KEYS[7]), message,
  newest and string.match(newest, '^%d+ (%S+)')}
