-- chat.Store.Release: ends the claim of a key whose send did not come about.
--
-- KEYS 1 head, 2 the send's key, see chat_reserve.lua
-- Answer: 'none' if there is no such group
if redis.call('EXISTS', KEYS[1]) == 0 then return 'none' end
local was = redis.call('GET', KEYS[2])
if was and string.sub(was, 1, 1) == 'P' then redis.call('DEL', KEYS[2]) end
return 'done'
