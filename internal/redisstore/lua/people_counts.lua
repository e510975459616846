-- Says how many are in groups on one node.
-- KEYS[1] hash: group -> JSON, of that node  ARGV[1] lifetime, ms  ARGV[2…] group and JSON in turn; empty: nobody is there
for i = 2, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
