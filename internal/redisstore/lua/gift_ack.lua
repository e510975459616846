-- gift.Works.Ack. After gift_book.lua.
-- KEYS 1–11 as there
-- ARGV 1 messages up to this number were taken, 2 entries up to this one told
local shown, acked = math.min(tonumber(ARGV[1]), field('s')), field('a')
if shown > acked then
  redis.call('LTRIM', KEYS[6], shown - acked, -1)
  redis.call('HSET', KEYS[1], 'a', whole(shown))
end
local told = math.min(tonumber(ARGV[2]), field('e'))
if told > field('t') then redis.call('HSET', KEYS[1], 't', whole(told)) end
