-- Writes what was made of values that were read, if they are still what they were.
-- KEYS 1 the operation's memory, from 2 on what is compared and written, channels among it
-- ARGV 1 lifetime of the memory in ms
--      2 number of comparisons, then for each: number of its key, 'h' or 's', field of the hash ('' for a string),
--        1 and the value that was read, or 0 and '' where there was none
--      then, to the end, commands: number of args behind the key, name, number of the key, args
-- Answers 1 if it did, now or when it was asked before; 0 if something was otherwise, and did nothing.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 1
end
local at = 3
for _ = 1, tonumber(ARGV[2]) do
  local key, now = KEYS[tonumber(ARGV[at])], nil
  if ARGV[at + 1] == 'h' then
    now = redis.call('HGET', key, ARGV[at + 2])
  else
    now = redis.call('GET', key)
  end
  if (ARGV[at + 3] == '1') ~= (now ~= false) or now and now ~= ARGV[at + 4] then
    return 0
  end
  at = at + 5
end
while ARGV[at] do
  local n = tonumber(ARGV[at])
  redis.call(ARGV[at + 1], KEYS[tonumber(ARGV[at + 2])], unpack(ARGV, at + 3, at + 2 + n))
  at = at + 3 + n
end
redis.call('SET', KEYS[1], 1, 'PX', ARGV[1])
return 1
