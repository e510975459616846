-- gift.Works.Ack. After gift_book.lua.
-- KEYS 1–11 as there
-- ARGV 1 messages up to this number were taken, 2 entries up to this one told
local shown, acked = math.min(tonumber(ARGV[1]), field('s')), field('a')
if shown > acked then
  local taken, number = 0, acked
  while true do
    local message = redis.call('LINDEX', KEYS[6], taken)
    if not message then break end
    number = tonumber(string.match(message, '^%d+ %a %d+ %d+ %d+ (%d+)\n')) or number + 1
    if number > shown then break end
    taken = taken + 1
  end
  redis.call('LTRIM', KEYS[6], taken, -1)
  redis.call('HSET', KEYS[1], 'a', whole(shown))
end
local told = math.min(tonumber(ARGV[2]), field('e'))
if told > field('t') then redis.call('HSET', KEYS[1], 't', whole(told)) end
