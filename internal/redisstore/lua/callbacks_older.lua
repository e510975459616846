-- N of the first item of a queue, from one on, that was queued at a moment or later; the N after its last item if none was.
-- KEYS 1 the queue's items, 2 all queues
-- ARGV 1 the queue's field in them, 2 N from which on, 3 the moment (Unix µs)
local from = tonumber(ARGV[2])
local queue = redis.call('HGET', KEYS[2], ARGV[1])
if not queue then
  return from
end
local low, high = from, math.max(from, cjson.decode(queue).next)
while low < high do
  local middle = math.floor((low + high) / 2)
  local item = redis.call('XRANGE', KEYS[1], string.format('%d-0', middle), '+', 'COUNT', 1)[1]
  local old = false
  if item then
    for i = 1, #item[2], 2 do
      if item[2][i] == 't' then
        old = tonumber(item[2][i + 1]) < tonumber(ARGV[3])
      end
    end
  end
  if old then
    low = tonumber(string.match(item[1], '^%d+')) + 1
  else
    high = middle
  end
end
return low
