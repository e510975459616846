-- Appends events to the inbox of the node that delivers callbacks.
-- KEYS 1 the inbox, 2 how much it takes, 3 the poster's last step, 4 channel of its news
-- ARGV 1 the step's id, 2 bytes from which on the inbox takes no more, 3 bytes of the events, then for each: head, body, queue
-- Answers 1 if they are there, now or since an earlier call of the same step; 0 if the inbox is full.
if redis.call('GET', KEYS[3]) == ARGV[1] then
  return 1
end
if redis.call('XLEN', KEYS[1]) == 0 then -- what is counted is about: a step may have been done though nobody learned of it
  redis.call('SET', KEYS[2], 0)
end
if tonumber(redis.call('GET', KEYS[2]) or 0) >= tonumber(ARGV[2]) then
  return 0
end
for i = 4, #ARGV, 3 do
  redis.call('XADD', KEYS[1], '*', 'h', ARGV[i], 'b', ARGV[i + 1], 'k', ARGV[i + 2])
end
redis.call('INCRBY', KEYS[2], ARGV[3])
redis.call('SET', KEYS[3], ARGV[1], 'EX', 86400)
redis.call('SPUBLISH', KEYS[4], 'post')
return 1
