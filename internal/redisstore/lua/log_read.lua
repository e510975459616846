-- Entries of the log of statuses after a number.
-- KEYS 1 log 2 counters
-- ARGV 1 number 2 how many at most
-- Returns number, record of each, one after the other. Error: LRGONE.
local head = tonumber(redis.call('HGET', KEYS[2], 'log') or 0)
local after = tonumber(ARGV[1])
if after < head - redis.call('XLEN', KEYS[1]) or after > head then return redis.error_reply('LRGONE not in the log') end
local out = {}
for _, e in ipairs(redis.call('XRANGE', KEYS[1], string.format('%.0f-0', after + 1), '+', 'COUNT', ARGV[2])) do
  out[#out + 1] = string.match(e[1], '^%d+')
  out[#out + 1] = e[2][2]
end
return out
