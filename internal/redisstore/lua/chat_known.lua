-- forgot says whether a group's head, with an epoch and Pos, is not what a node knows of it: an older one, or one that went
-- another way from an older one on. The node knows an epoch, a Pos and the op of that entry ('': not known), which stands in
-- entries as it is kept there (see chat_log.lua), if it is kept still.
local function forgot(epoch, pos, entries, knownEpoch, knownPos, knownOp)
  knownPos = tonumber(knownPos)
  if epoch ~= knownEpoch then return false end
  if pos < knownPos then return true end
  if knownOp == '' then return false end
  local entry = redis.call('LINDEX', entries, knownPos - pos - 1)
  return entry and string.match(entry, '^%d+ (%S+)') ~= knownOp
end

