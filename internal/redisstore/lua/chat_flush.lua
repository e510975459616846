-- chat.Store.Flush: frequency control, numbering, log, keys of sends, entry. After chat_known.lua
-- and chat_log.lua.
--
-- KEYS 1–5 as there, 6 list of the dropped sends' keys, 7 that of the delivered ones, then the keys of those candidates that
--      have one, in their order, and after them those of refused candidates
-- ARGV 1 op, 2 ms it is remembered, 3 epoch and 4 Pos its maker knows ('' and 0: none; 18 its op), 5 epoch and revision of the restraints
--      it looked at, 6 limit, 7 ms a key is remembered, 8 most delivered keys (0: the limit is enough), 9–13 retention,
--      14 a letter for each candidate: s server's, h high, n others, u unheard, r refused
--      15 for each 1 if it has a key, 16 numbers of the h and n ones in the order in which they may pass, 17 delta of the entry,
--      18 see 4, then the bytes of each
-- Answer: 'again' and 'done' come with "<epoch> <Pos> <ms> <Seq> <letters>{ <Seq> <ms>}", of each candidate + if it is in the
--      log, - if it was dropped, b if its key's message was delivered before, with Seq and ms at the end, else u or r; 'none': no such group; 'behind': its maker knows what Redis forgot; 'stale': other restraints
local before = redis.call('GET', KEYS[4])
if before then return {'again', before} end
local h = head()
if not h then return {'none'} end
if forgot(h.e, h.p, KEYS[3], ARGV[3], ARGV[4], ARGV[18]) then return {'behind', h.e} end
if h.e .. ' ' .. (h.br or '0') ~= ARGV[5] then return {'stale'} end

local ms, limit, letters, age = clock(), tonumber(ARGV[6]), ARGV[14], math.max(tonumber(ARGV[7]), 1)
local slot, high, total, window = math.floor(ms / 50), 0, 0, {}
if h.w ~= '' then
  local w = cmsgpack.unpack(h.w)
  for i = 1, #w, 3 do
    if w[i] > slot - 20 and w[i] <= slot then
      window[#window + 1], window[#window + 2], window[#window + 3] = w[i], w[i + 1], w[i + 2]
      high, total = high + w[i + 1], total + w[i + 2]
    end
  end
end

local keyed, key, earlier, place = {}, 7, {}, {} -- numbers of keys by candidate, what their messages were delivered as
for i = 1, #letters do
  if string.byte(ARGV[15], i) == 49 then
    key = key + 1
    keyed[i] = key
  end
end
if key > 7 then
  local was = {}
  for i = 8, key, 1000 do
    for _, v in ipairs(redis.call('MGET', unpack(KEYS, i, math.min(i + 999, key)))) do was[#was + 1] = v end
  end
  local found = false
  for i, k in pairs(keyed) do
    local v = was[k - 7]
    if v and string.sub(v, 1, 1) == 'A' and tonumber(string.match(v, '%d+$')) >= h.ct then earlier[i], found = string.sub(v, 2), true end
  end
  if found then
    letters = string.gsub(letters, '()(.)', function(i, c) return earlier[i] and 'b' or c end)
  end
end

local pass, fate = {}, {}
local _, highs = string.gsub(letters, 'h', '')
local _, others = string.gsub(letters, 'n', '')
local wasHigh, wasTotal = high, total
if high + highs <= limit and (others == 0 or total + highs + others <= limit) then
  for i = 1, #letters do
    local c = string.byte(letters, i)
    pass[i] = c == 104 or c == 110
  end
  high, total = high + highs, total + highs + others
else
  for n in string.gmatch(ARGV[16], '%d+') do
    local i = tonumber(n)
    if string.byte(letters, i) == 104 then
      if high < limit then high, total, pass[i] = high + 1, total + 1, true end
    elseif string.byte(letters, i) == 110 and total < limit then
      total, pass[i] = total + 1, true
    end
  end
end
if total > wasTotal then
  local n = #window
  if n == 0 or window[n - 2] ~= slot then
    window[n + 1], window[n + 2], window[n + 3], n = slot, 0, 0, n + 3
  end
  window[n - 1], window[n] = window[n - 1] + high - wasHigh, window[n] + total - wasTotal
  h.w = cmsgpack.pack(window)
end

local messages = {}
for i = 1, #letters do
  local c = string.byte(letters, i)
  if pass[i] or c == 115 then
    messages[#messages + 1] = ARGV[18 + i]
    fate[i] = '+'
  else
    fate[i] = (c == 117 and 'u') or (c == 114 and 'r') or (c == 98 and 'b') or '-'
    if c == 98 then place[#place + 1] = ' ' .. earlier[i] end
  end
end
local first = h.s + 1
local lines = append(h, messages, ms, retention(9))
if #lines > 0 then
  tell(h, ARGV[1], ms, first, lines, ARGV[17])
  save(h)
end

local seq, delivered, dropped = first, {}, {}
for i = 1, #letters do
  local f, n = fate[i], h.s
  if f == '+' then n, seq = seq, seq + 1 end
  local k = keyed[i]
  if k and f ~= 'b' then
    local mark = (f == '+' and 'A') or (f == '-' and 'D') or 'U'
    redis.call('SET', KEYS[k], mark .. n .. ' ' .. ms, 'PX', age)
    if f == '+' then delivered[#delivered + 1] = KEYS[k] else dropped[#dropped + 1] = KEYS[k] end
  end
end
-- bound keeps the newest most of the keys in a list, and forgets the others unless they were used again otherwise.
local function bound(list, keys, most, marks)
  if #keys == 0 or most == 0 then return end
  local len
  for i = 1, #keys, 1000 do
    len = redis.call('RPUSH', list, unpack(keys, i, math.min(i + 999, #keys)))
  end
  redis.call('PEXPIRE', list, age)
  while len > most do
    local old = redis.call('LPOP', list)
    local v = redis.call('GET', old)
    if v and string.find(marks, string.sub(v, 1, 1), 1, true) then redis.call('DEL', old) end
    len = len - 1
  end
end
bound(KEYS[6], dropped, 2000, 'DU')
bound(KEYS[7], delivered, tonumber(ARGV[8]), 'A')
for i = key + 1, #KEYS do
  local v = redis.call('GET', KEYS[i])
  if v and string.sub(v, 1, 1) == 'P' then redis.call('DEL', KEYS[i]) end
end

local answer = h.e .. ' ' .. h.p .. ' ' .. ms .. ' ' .. h.s .. ' ' .. table.concat(fate) .. table.concat(place)
redis.call('SET', KEYS[4], answer, 'PX', ARGV[2])
return {'done', answer}
