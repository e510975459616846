-- A page of the groups that have files, in order.
-- KEYS 1 sorted set of group id, 0, file id
-- ARGV 1 group after which they are wanted, empty: from the first on 2 how many at most
local groups, from = {}, ARGV[1] == '' and '-' or '[' .. ARGV[1] .. '\1'
while #groups < tonumber(ARGV[2]) do
  local first = redis.call('ZRANGEBYLEX', KEYS[1], from, '+', 'LIMIT', 0, 1)[1]
  if not first then
    return groups
  end
  local group = string.sub(first, 1, string.find(first, '%z') - 1)
  table.insert(groups, group)
  from = '[' .. group .. '\1'
end
return groups
