-- Adds events to groups of a board. Levels are base-2 logarithms of what is added up.
-- KEYS 1 the operation's memory, 2 levels, 3 levels of the scale that forgets sooner
-- ARGV 1 lifetime of the memory in ms, 2 lifetime of the board in ms, then for each group: its name, level, second level
-- Answers 1 if it did, 0 if it was asked before.
if redis.call('SET', KEYS[1], 1, 'NX', 'PX', ARGV[1]) == false then
  return 0
end
local function sum(old, new)
  local a, b = tonumber(new), tonumber(old)
  if not b then
    return new
  end
  if a < b then
    a, b = b, a
  end
  return string.format('%.17g', a + math.log(1 + 2 ^ (b - a)) / math.log(2))
end
for i = 3, #ARGV, 3 do
  for scale = 2, 3 do
    local level = ARGV[i + scale - 1]
    redis.call('ZADD', KEYS[scale], sum(redis.call('ZSCORE', KEYS[scale], ARGV[i]), level), ARGV[i])
  end
end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
redis.call('PEXPIRE', KEYS[3], ARGV[2])
return 1
