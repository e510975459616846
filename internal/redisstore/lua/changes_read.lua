-- What changed after a place in the changes.
-- KEYS 1 changes 2 counters 3 status
-- ARGV 1 number of the place; empty: only the newest is asked for 2 operation that made that change 3 how many at most
-- Returns verdict, number and operation of the newest change that is told of, then room, kind, status of each change, oldest
-- first. The verdict is "on" if all is told from the place on, "behind" if changes after it are no longer kept, "lost" if
-- the place is not of this history: Redis has lost changes.
local head = tonumber(redis.call('HGET', KEYS[2], 'change') or 0)
local function operation(e) return e and e[2][6] or '' end
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if ARGV[1] == '' then return {'on', head, operation(newest)} end
local at = tonumber(ARGV[1])
if at > head then return {'lost', head, operation(newest)} end
if at > 0 and ARGV[2] ~= '' then
  local here = redis.call('XRANGE', KEYS[1], ARGV[1] .. '-0', ARGV[1] .. '-0')[1]
  if here and operation(here) ~= ARGV[2] then return {'lost', head, operation(newest)} end
end
if at < head - redis.call('XLEN', KEYS[1]) then return {'behind', head, operation(newest)} end
local out = {'on', at, ARGV[2]}
for _, e in ipairs(redis.call('XRANGE', KEYS[1], string.format('%.0f-0', at + 1), '+', 'COUNT', ARGV[3])) do
  out[2], out[3] = tonumber(string.match(e[1], '^%d+')), operation(e)
  local room, kind = e[2][2], e[2][4]
  out[#out + 1] = room
  out[#out + 1] = kind
  out[#out + 1] = kind ~= 'r' and redis.call('HGET', KEYS[3], room) or ''
end
return out
