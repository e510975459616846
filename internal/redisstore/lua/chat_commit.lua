-- Writes a change of a group that Go worked out from what chat_load.lua read, if nobody was faster. After
-- chat_known.lua and chat_log.lua.
--
-- KEYS 1–5 as there, then those of the commands
-- ARGV 1 op, 2 ms it is remembered, 3 epoch and 4 field of head that must be as it was, if it is not empty, 5 what it was,
--      6 answer for who asks again, 7 delta, 8–12 retention, 13 most attribute writes in a second (0: not asked),
--      14 '' or gone: the group ends, 15 epoch and 16 Pos its maker knows, 17 its op, 18 number of messages, and their bytes; then commands: number of words, words; a second
--      word @n stands for KEYS[n]; REPLACE @2 Seq line puts a line in the place of another in the log, if that is there
-- Answer: 'done' or 'again' with "<epoch> <Pos> <ms> <Seq>\n<answer>"; 'none'; 'behind': its maker knows what Redis forgot;
--      'changed': read again; 'fast': too many writes
local function replace(h, seq, line)
  if seq <= h.s - redis.call('LLEN', KEYS[2]) then return end
  h.b = h.b + #line - #redis.call('LINDEX', KEYS[2], seq - h.s - 1)
  redis.call('LSET', KEYS[2], seq - h.s - 1, line)
end

local before = redis.call('GET', KEYS[4])
if before then return {'again', before} end
local h = head()
if not h then return {'none'} end
if forgot(h.e, h.p, KEYS[3], ARGV[15], ARGV[16], ARGV[17]) then return {'behind'} end
if ARGV[3] ~= '' and h.e ~= ARGV[3] then return {'changed'} end
if ARGV[4] ~= '' and (redis.call('HGET', KEYS[1], ARGV[4]) or '') ~= ARGV[5] then return {'changed'} end
local ms = clock()
if ARGV[13] ~= '0' then
  local writes, packed = {}, redis.call('HGET', KEYS[1], 'aw')
  for _, at in ipairs(packed and cmsgpack.unpack(packed) or {}) do
    if at > ms - 1000 and at <= ms then writes[#writes + 1] = at end
  end
  if #writes >= tonumber(ARGV[13]) then return {'fast'} end
  writes[#writes + 1] = ms
  redis.call('HSET', KEYS[1], 'aw', cmsgpack.pack(writes))
end
local messages = {}
for i = 1, tonumber(ARGV[18]) do messages[i] = ARGV[18 + i] end
local at = 19 + #messages
while ARGV[at] do
  local words = {}
  for i = 1, tonumber(ARGV[at]) do words[i] = ARGV[at + i] end
  at = at + 1 + #words
  words[2] = KEYS[tonumber(string.sub(words[2], 2))]
  if words[1] == 'REPLACE' then replace(h, tonumber(words[3]), words[4]) else redis.call(unpack(words)) end
end
local first = h.s + 1
local lines = append(h, messages, ms, retention(8))
tell(h, ARGV[1], ms, first, lines, ARGV[7])
if ARGV[14] == 'gone' then redis.call('DEL', KEYS[1], KEYS[2], KEYS[3]) else save(h) end
local answer = h.e .. ' ' .. h.p .. ' ' .. ms .. ' ' .. h.s .. '\n' .. ARGV[6]
redis.call('SET', KEYS[4], answer, 'PX', ARGV[2])
return {'done', answer}
