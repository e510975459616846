-- Adds what a node counted of live sessions. Of those that are not there nothing is kept.
-- KEYS 1 the operation's memory, then for each: the session, the users who were in its chat
-- ARGV 1 lifetime of the memory in ms, then for each: messages, plays, how many users, and these
-- Answers 1 if it did, 0 if it was asked before.
if redis.call('SET', KEYS[1], 1, 'NX', 'PX', ARGV[1]) == false then
  return 0
end
local at = 2
for i = 2, #KEYS, 2 do
  local users = tonumber(ARGV[at + 2])
  if redis.call('EXISTS', KEYS[i]) == 1 then
    redis.call('HINCRBY', KEYS[i], 'messages', ARGV[at])
    redis.call('HINCRBY', KEYS[i], 'plays', ARGV[at + 1])
    for from = at + 3, at + 2 + users, 1000 do
      redis.call('PFADD', KEYS[i + 1], unpack(ARGV, from, math.min(from + 999, at + 2 + users)))
    end
  end
  at = at + 3 + users
end
return 1
