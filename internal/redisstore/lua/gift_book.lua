-- What the scripts of a group's gifts share. Their first eleven KEYS are
--   1 book      hash: e number of the newest ledger entry, b entries that were trimmed, t entries told, s number of the newest
--               message put into the outbox, a of the newest taken, p orders pending, c combos kept, d newest mark that counts no
--               longer; for each session and * for all of it =SESSION: value, count, senders, first and last entry
--   2 orders    hash: order's key → JSON as it was placed, a newline, and what became of it: "p <times asked> <op>", "a <µs> <op>"
--               or "r <µs> <op> <reason>"; op is what wrote that
--   3 asks      sorted set: pending order → when it is due to be asked again, µs
--   4 combos    hash: combo → "<due µs> <1 running, 0 not> <count> <value> <total>", a newline, JSON of its newest order
--   5 ends      sorted set: combo → its due
--   6 outbox    list: messages not taken, "<µs> <s single, m more to come, f final> <count> <value> <total> <number>", a newline, JSON
--               of the order; without a number, as older versions wrote it: one more than that before it
--   7 ledger    list: keys of accepted orders, the first is number b + 1
--   8 senders   hash: session, 0x1F, user → "<value> <count>", a newline, JSON of n nick, a avatar, l level
--   9 ranks     sorted set by name, a session's in the order of its ranking: session, 0x1F, 2^53 - value in 16 digits, 0x1F, user
--  10 sessions  sorted set: session → when its newest order was settled, µs
--  11 refused   sorted set: key of a refused order → when, µs
-- Numbers go up to 2^53, which a double holds exactly; text is made of them with whole, never by Lua itself or cjson.
local function whole(n) return string.format('%.0f', n) end

local function field(name) return tonumber(redis.call('HGET', KEYS[1], name) or '0') end

local function busy()
  local h = redis.call('HMGET', KEYS[1], 'p', 'c', 's', 'a', 'e', 't')
  for i = 1, 6 do h[i] = tonumber(h[i] or '0') end
  return h[1] > 0 or h[2] > 0 or h[3] > h[4] or h[5] > h[6]
end

-- kept takes an order's value apart: JSON, state, number, op.
local function kept(value)
  local cut = string.find(value, '\n', 1, true)
  local state, n, op = string.match(value, '^(%a) (%d+) (%S+)', cut + 1)
  return string.sub(value, 1, cut - 1), state, tonumber(n), op
end

local function sums(session)
  local all = redis.call('HGET', KEYS[1], '=' .. session)
  if not all then return 0, 0, 0, 0, 0 end
  local value, count, senders, first, last = string.match(all, '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
  return tonumber(value), tonumber(count), tonumber(senders), tonumber(first), tonumber(last)
end

-- takes says why a new order can't be taken: its maker's mark counts no longer, too many pend, or the ledger is full. After the
-- mark in ARGV come the most pending and the value from which on it is full.
local function takes(mark, at)
  local d = field('d')
  if tonumber(mark) <= d then return {'unmarked', whole(d)} end
  if field('p') >= tonumber(ARGV[at]) then return {'pending'} end
  if sums('*') >= tonumber(ARGV[at + 1]) then return {'full'} end
end

-- show puts a message into the outbox, under chat.NextNumber.
local function show(at, how, count, value, total, json)
  local now = redis.call('TIME')
  local number = whole(math.max(field('s') + 1, now[1] * 1000000 + now[2]))
  redis.call('RPUSH', KEYS[6], table.concat({at, how, whole(count), whole(value), whole(total), number}, ' ') .. '\n' .. json)
  redis.call('HSET', KEYS[1], 's', number)
end

-- keep writes what is kept of a combo.
local function keep(name, due, running, count, value, total, json)
  redis.call('HSET', KEYS[4], name, table.concat({whole(due), running, whole(count), whole(value), whole(total)}, ' ') .. '\n' .. json)
  redis.call('ZADD', KEYS[5], whole(due), name)
end

-- combo returns what keep wrote: due, running, count, value, total, JSON; nothing if there is none.
local function combo(name)
  local c = redis.call('HGET', KEYS[4], name)
  if not c then return end
  local cut = string.find(c, '\n', 1, true)
  local due, running, count, value, total = string.match(c, '^(%d+) (%d) (%d+) (%d+) (%d+)')
  return tonumber(due), running, tonumber(count), tonumber(value), tonumber(total), string.sub(c, cut + 1)
end

-- click is Combo.Add: it counts an accepted order in and shows what must be.
local function click(o, json, at, clicks, still)
  local name = table.concat({o.from, o.gift, o.session, o.combo}, '\31')
  local now = tonumber(at)
  local due, running, count, value, total, last = combo(name)
  if not due then
    redis.call('HINCRBY', KEYS[1], 'c', 1)
    due, running, count, value, total = 0, '0', 0, 0, 0
  end
  if running == '1' and now > due then
    show(at, 'f', count, value, total, last)
    running, count, value = '0', 0, 0
  end
  if running == '1' and count + o.count > clicks then
    show(at, 'm', count, value, total, last)
    count, value = 0, 0
  end
  local ends = now + still
  if running == '1' and ends < due then ends = due end
  keep(name, ends, '1', count + o.count, value + o.value, total + o.count, json)
end

-- count adds an accepted order to totals and ranking of a session, or of *.
local function count(session, o, entry, card)
  local value, n, senders, first = sums(session)
  local who = session .. '\31' .. o.from
  local given, times = 0, 0
  local was = redis.call('HGET', KEYS[8], who)
  local function rank(v) return session .. '\31' .. string.format('%016.0f', 9007199254740992 - v) .. '\31' .. o.from end
  if was then
    given, times = string.match(was, '^(%d+) (%d+)')
    given, times = tonumber(given), tonumber(times)
    redis.call('ZREM', KEYS[9], rank(given))
  else
    senders = senders + 1
  end
  given, times = given + o.value, times + o.count
  redis.call('ZADD', KEYS[9], 0, rank(given))
  redis.call('HSET', KEYS[8], who, whole(given) .. ' ' .. whole(times) .. '\n' .. card)
  if first == 0 then first = entry end
  redis.call('HSET', KEYS[1], '=' .. session, table.concat({whole(value + o.value), whole(n + o.count), whole(senders), whole(first), whole(entry)}, ' '))
end

-- accept does all that changes with an accepted order but that it is no longer pending, and returns its value.
local function accept(key, json, at, op, clicks, still)
  local o = cjson.decode(json)
  local entry = redis.call('HINCRBY', KEYS[1], 'e', 1)
  redis.call('RPUSH', KEYS[7], key)
  local value = json .. '\na ' .. at .. ' ' .. op
  redis.call('HSET', KEYS[2], key, value)
  if o.via ~= 'message' then
    if o.combo == '' then
      show(at, 's', o.count, o.value, 0, json)
    else
      click(o, json, at, clicks, still)
    end
  end
  local card = cjson.encode({n = o.nick, a = o.avatar, l = o.level})
  count('*', o, entry, card)
  count(o.session, o, entry, card)
  redis.call('ZADD', KEYS[10], 'GT', at, o.session)
  return value
end

-- settled is accept of a pending order.
local function settled(key, json, at, op, clicks, still)
  redis.call('ZREM', KEYS[3], key)
  redis.call('HINCRBY', KEYS[1], 'p', -1)
  return accept(key, json, at, op, clicks, still)
end

