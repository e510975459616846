-- Says where a user is on one node, and answers where else he is.
-- KEYS[1] hash: node -> end of its word's lifetime (ms) and where the user is (JSON); "!" -> when he was sent away (ms)
-- ARGV[1] the node  ARGV[2] JSON; empty: he is nowhere there; "?": only ask  ARGV[3] lifetime, ms  ARGV[4] how long "!" counts, ms
-- Answers how long ago he was sent away in ms, -1 for not lately, then node and JSON of each other node.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
elseif ARGV[2] ~= '?' then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%d ', now + ARGV[3]) .. ARGV[2])
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
  end
end
local all, out = redis.call('HGETALL', KEYS[1]), { -1 }
for i = 1, #all, 2 do
  local node, said = all[i], all[i + 1]
  if node == '!' then
    if now - said < tonumber(ARGV[4]) then out[1] = now - said end
  elseif node ~= ARGV[1] then
    local ends, json = string.match(said, '^(%d+) (.*)$')
    if ends and tonumber(ends) > now then
      out[#out + 1] = node
      out[#out + 1] = json
    else
      redis.call('HDEL', KEYS[1], node)
    end
  end
end
return out
