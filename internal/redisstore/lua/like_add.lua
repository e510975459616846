-- Counts a batch of likes of a group, once.
-- KEYS 1 hash: t → all likes, s:SESSION → those in a live session, w:WRITER → number of his newest batch and when, ms
-- ARGV 1 writer, 2 number of the batch, 3 most sessions and 4 most writers that are kept, then session ('': none) and likes of
--      each count
-- Answers all likes, and those of the last session named
local number = tonumber(ARGV[2])
local before = redis.call('HGET', KEYS[1], 'w:' .. ARGV[1])
if not before or number > tonumber(string.match(before, '^%d+')) then
  for i = 5, #ARGV, 2 do
    redis.call('HINCRBY', KEYS[1], 't', ARGV[i + 1])
    if ARGV[i] ~= '' then redis.call('HINCRBY', KEYS[1], 's:' .. ARGV[i], ARGV[i + 1]) end
  end
  local t = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'w:' .. ARGV[1], string.format('%d %d', number, t[1] * 1000 + math.floor(t[2] / 1000)))
  if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[3]) + 1 then
    local sessions, writers, all = {}, {}, redis.call('HGETALL', KEYS[1])
    for i = 1, #all, 2 do
      local kind = string.sub(all[i], 1, 2)
      if kind == 's:' then
        sessions[#sessions + 1] = { all[i], all[i] }
      elseif kind == 'w:' and all[i] ~= 'w:' .. ARGV[1] then
        writers[#writers + 1] = { tonumber(string.match(all[i + 1], '%d+$')), all[i] }
      end
    end
    local function trim(list, keep)
      table.sort(list, function(a, b) return a[1] < b[1] end)
      for i = 1, #list - keep do redis.call('HDEL', KEYS[1], list[i][2]) end
    end
    trim(sessions, tonumber(ARGV[3]))
    trim(writers, tonumber(ARGV[4]) - 1)
  end
end
local session = ARGV[#ARGV - 1]
return { redis.call('HGET', KEYS[1], 't'), session ~= '' and redis.call('HGET', KEYS[1], 's:' .. session) or '0' }
