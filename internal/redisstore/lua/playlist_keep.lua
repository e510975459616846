-- Remembers what a stream's HLS playlist has, unless a later push of the same session has said so.
-- KEYS 1 session, generation, record (hash)
-- ARGV 1 session; 2 generation; 3 record; 4 lifetime in ms
local had = redis.call('HMGET', KEYS[1], 'session', 'generation')
if had[1] == ARGV[1] and tonumber(had[2]) > tonumber(ARGV[2]) then
  return 0
end
redis.call('HSET', KEYS[1], 'session', ARGV[1], 'generation', ARGV[2], 'record', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
