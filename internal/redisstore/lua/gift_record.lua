-- gift.Orders.Record. After gift_book.lua.
-- KEYS 1–11 as there
-- ARGV 1 key of the order, 2 op, 3 JSON, 4 when it was settled, µs, 5 mark of its group, 6 most pending,
--      7 value from which on the ledger is full, 8 most clicks of a message, 9 stillness that ends a combo, µs
-- Answers as gift_place.lua, 'new' with the order's value; 'other' and the value of a pending order that asks for something else.
local clicks, still = tonumber(ARGV[8]), tonumber(ARGV[9])
local old = redis.call('HGET', KEYS[2], ARGV[1])
if old then
  local json, state = kept(old)
  if state ~= 'p' then return {'old', old} end
  local was, is = cjson.decode(json), cjson.decode(ARGV[3])
  local combo = was.combo == is.combo or was.combo == '' or is.combo == '' -- gift.Repeated says the same
  if was.gift ~= is.gift or was.count ~= is.count or was.from ~= is.from or not combo then return {'other', old} end
  return {'new', settled(ARGV[1], json, ARGV[4], ARGV[2], clicks, still)}
end
local refused = takes(ARGV[5], 6)
if refused then return refused end
return {'new', accept(ARGV[1], ARGV[3], ARGV[4], ARGV[2], clicks, still)}
