-- chat.Store.Release: ends the claims of keys whose sends did not come about.
--
-- KEYS 1 head, from 2 on the sends' keys, see chat_reserve.lua; at most 1000
-- Answer: 'none' if there is no such group
if redis.call('EXISTS', KEYS[1]) == 0 then return 'none' end
local claimed = {}
for i, was in ipairs(redis.call('MGET', unpack(KEYS, 2))) do
  if was and string.sub(was, 1, 1) == 'P' then claimed[#claimed + 1] = KEYS[i + 1] end
end
if #claimed > 0 then redis.call('DEL', unpack(claimed)) end
return 'done'
