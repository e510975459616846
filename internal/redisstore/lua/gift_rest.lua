-- Lets a mark of a group count no longer, if the group has no work: who wants to place an order then needs a newer one.
-- After gift_book.lua.
-- KEYS 1–11 as there
-- ARGV 1 mark
-- Answers 1 if it did, 0 if there is work.
if busy() then return 0 end
if tonumber(ARGV[1]) > field('d') then redis.call('HSET', KEYS[1], 'd', ARGV[1]) end
return 1
