-- Notes what all nodes must have in common, or answers in what a node differs.
-- KEYS 1 what they have in common: name -> value (hash)
-- ARGV name, value, name, value …: all of them
-- Answers the names whose values differ, or that only one side has.
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], unpack(ARGV))
  return {}
end
local known, differ = {}, {}
for i = 1, #ARGV, 2 do
  known[ARGV[i]] = true
  if redis.call('HGET', KEYS[1], ARGV[i]) ~= ARGV[i + 1] then table.insert(differ, ARGV[i]) end
end
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  if not known[name] then table.insert(differ, name) end
end
return differ
