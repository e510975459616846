-- chat.Feed.Entries. After chat_known.lua.
--
-- KEYS 1 head, 2 log, 3 entries
-- ARGV 1 epoch, 2 Pos after which they are wanted, 3 most of them, 4 epoch, 5 Pos and 6 op of the newest entry that is known
-- Answer: 'none', 'behind' (with the epoch), 'forgot' (what is known, with the epoch), 'other' (epoch), or 'here', Pos, entries, Seq before the first line, lines of the
--      log that belong to them
local h = redis.call('HMGET', KEYS[1], 'e', 'p', 's')
if not h[1] then return {'none'} end
if h[1] ~= ARGV[1] then return {'other'} end
local pos, after = tonumber(h[2]), tonumber(ARGV[2])
if pos < after then return {'behind', h[1]} end
if forgot(h[1], pos, KEYS[3], ARGV[4], ARGV[5], ARGV[6]) then return {'forgot', h[1]} end
local len = redis.call('LLEN', KEYS[3])
local from = math.max(after - (pos - len), 0)
local entries = redis.call('LRANGE', KEYS[3], from, from + tonumber(ARGV[3]) - 1)
local first, last
for i = 1, #entries do
  local seq, n = string.match(entries[i], '^%S+ %S+ %S+ (%d+) (%d+)\n')
  seq, n = tonumber(seq), tonumber(n)
  if n > 0 then first, last = first or seq, seq + n - 1 end
end
if not first then return {'here', pos, entries, 0, {}} end
local floor = tonumber(h[3]) - redis.call('LLEN', KEYS[2])
first = math.max(first, floor + 1)
if last < first then return {'here', pos, entries, floor, {}} end
return {'here', pos, entries, first - 1, redis.call('LRANGE', KEYS[2], first - floor - 1, last - floor - 1)}
