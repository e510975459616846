-- What the scripts that write a chat group share: its head, its log, its entries.
--
-- KEYS of such a script begin with
--   1 head     hash: e epoch, s Seq, p Pos, w window of frequency control, b bytes in the log, ot when its oldest message was
--              sent, eb bytes in the entries, lx and ex until when log and entries live, ct when it was created (what was
--              sent before was sent to a group that is gone), and what only Go reads
--   2 log      list: "<Seq> <ms> <message>", by rising Seq, without a gap; its newest is s
--   3 entries  list: "<Pos> <op> <ms> <first Seq> <messages>\n<delta>", by rising Pos, without a gap; its newest is p
--   4 op       string: the answer to the operation, for who asks again
--   5 feed     channel: "<epoch> <Pos> <op> <ms> <first Seq> <messages>{ <bytes of a message>}\n<messages><delta>"
local entriesMost, entriesBytes, entriesAge = 5000, 2097152, 120000
local perMessage = 128 -- what a message costs beside its bytes

local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- head reads what append and tell change; nil if there is no group.
local function head()
  local v = redis.call('HMGET', KEYS[1], 'e', 's', 'p', 'b', 'ot', 'eb', 'lx', 'ex', 'w', 'br', 'ct')
  if not v[1] then return nil end
  return {
    e = v[1], s = tonumber(v[2]), p = tonumber(v[3]), b = tonumber(v[4]) or 0, ot = tonumber(v[5]) or 0,
    eb = tonumber(v[6]) or 0, lx = tonumber(v[7]) or 0, ex = tonumber(v[8]) or 0, w = v[9] or '', br = v[10], ct = tonumber(v[11]) or 0,
  }
end

local function save(h)
  redis.call('HSET', KEYS[1], 's', h.s, 'p', h.p, 'b', h.b, 'ot', h.ot, 'eb', h.eb, 'lx', h.lx, 'ex', h.ex, 'w', h.w)
end

-- trim removes from the log of n messages what neither history nor resume needs, see chat.Retention: most often as many as
-- came.
local function trim(h, n, ms, keep, came)
  local function kept(age, left, bytes)
    return age <= keep.resumeAge and left <= keep.resumeMessages and bytes <= keep.resumeBytes
      or age <= keep.historyAge and left <= keep.history
  end
  local gone, bytes, more, look = 0, h.b, n > 0 and not kept(ms - h.ot, n, h.b), came
  while more do
    local some = redis.call('LRANGE', KEYS[2], gone, gone + look)
    look = 15
    if #some == 0 then break end
    for i = 1, #some do
      h.ot = tonumber(string.match(some[i], ' (%d+) '))
      if kept(ms - h.ot, n - gone, bytes) then more = false; break end
      gone, bytes = gone + 1, bytes - #some[i] - perMessage
    end
  end
  if gone > 0 then
    redis.call('LTRIM', KEYS[2], gone, -1)
    h.b = bytes
  end
end

-- append numbers messages, puts them into the log and returns them as they are there.
local function append(h, messages, ms, keep)
  local n, lines = #messages, {}
  if n == 0 then return lines end
  local added = 0
  for i = 1, n do
    lines[i] = (h.s + i) .. ' ' .. ms .. ' ' .. messages[i]
    added = added + #lines[i] + perMessage
  end
  local len
  for i = 1, n, 1000 do
    len = redis.call('RPUSH', KEYS[2], unpack(lines, i, math.min(i + 999, n)))
  end
  h.s = h.s + n
  if len == n then h.b, h.ot, h.lx = 0, ms, 0 end
  h.b = h.b + added
  trim(h, len, ms, keep, n)
  local life = math.max(keep.historyAge, keep.resumeAge, 60000)
  if h.lx < ms + life / 2 then
    h.lx = ms + life * 2
    redis.call('PEXPIRE', KEYS[2], life * 2)
  end
  return lines
end

-- tell makes an entry of what happened: lines of the log, the first of which has the number first, and a delta.
local function tell(h, op, ms, first, lines, delta)
  h.p = h.p + 1
  local what = h.p .. ' ' .. op .. ' ' .. ms .. ' ' .. first .. ' ' .. #lines
  local entry = what .. '\n' .. delta
  local len = redis.call('RPUSH', KEYS[3], entry)
  if len == 1 then h.eb, h.ex = 0, 0 end
  h.eb = h.eb + #entry
  while len > entriesMost or h.eb > entriesBytes and len > 1 do
    h.eb = h.eb - #redis.call('LPOP', KEYS[3])
    len = len - 1
  end
  if h.ex < ms + entriesAge then
    h.ex = ms + entriesAge * 1.5
    redis.call('PEXPIRE', KEYS[3], entriesAge * 1.5)
  end
  local sizes = {}
  for i = 1, #lines do sizes[i] = ' ' .. #lines[i] end
  redis.call('SPUBLISH', KEYS[5], h.e .. ' ' .. what .. table.concat(sizes) .. '\n' .. table.concat(lines) .. delta)
end

-- retention reads five arguments from ARGV[i] on.
local function retention(i)
  return {
    history = tonumber(ARGV[i]), historyAge = tonumber(ARGV[i + 1]), resumeAge = tonumber(ARGV[i + 2]),
    resumeMessages = tonumber(ARGV[i + 3]), resumeBytes = tonumber(ARGV[i + 4]),
  }
end
