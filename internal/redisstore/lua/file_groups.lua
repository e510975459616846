-- The groups that have files.
-- KEYS 1 sorted set of group id, 0, file id
-- ARGV none
local groups, from = {}, '-'
while true do
  local first = redis.call('ZRANGEBYLEX', KEYS[1], from, '+', 'LIMIT', 0, 1)[1]
  if not first then
    return groups
  end
  local group = string.sub(first, 1, string.find(first, '%z') - 1)
  table.insert(groups, group)
  from = '[' .. group .. '\1'
end
