-- Lists groups of a board behind a place: the highest level first, of equals the greatest name.
-- KEYS 1 levels, 2 levels of the scale that forgets sooner
-- ARGV 1 level of the place, 2 name of its group, 3 limit
-- Answers name, level, second level of each.
local found, limit = {}, tonumber(ARGV[3])
local function add(from, to, behind)
  local at = 0
  while #found < limit * 3 do
    local page = redis.call('ZREVRANGEBYSCORE', KEYS[1], from, to, 'WITHSCORES', 'LIMIT', at, 100)
    if #page == 0 then
      return
    end
    for i = 1, #page, 2 do
      if #found < limit * 3 and (not behind or page[i] < behind) then
        table.insert(found, page[i])
        table.insert(found, page[i + 1])
        table.insert(found, redis.call('ZSCORE', KEYS[2], page[i]) or page[i + 1])
      end
    end
    at = at + 100
  end
end
if ARGV[1] ~= '+inf' then
  add(ARGV[1], ARGV[1], ARGV[2])
end
add('(' .. ARGV[1], '-inf')
return found
