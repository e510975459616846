-- Renews a claim, or gives it back.
-- KEYS 1 claim:NAME
-- ARGV 1 fence 2 lifetime from now in ms, 0: give it back
-- Returns 1, or 0 where it is another's or nobody's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
