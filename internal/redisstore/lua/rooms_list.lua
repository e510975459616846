-- A page of rooms in order of id.
-- KEYS 1 ids or code:N 2 rooms 3 status
-- ARGV 1 where it begins, as ZRANGEBYLEX wants it 2 how many at most
-- Returns room, record, status of each, one after the other.
local out = {}
for _, id in ipairs(redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '+', 'LIMIT', 0, ARGV[2])) do
  out[#out + 1] = id
  out[#out + 1] = redis.call('HGET', KEYS[2], id)
  out[#out + 1] = redis.call('HGET', KEYS[3], id)
end
return out
