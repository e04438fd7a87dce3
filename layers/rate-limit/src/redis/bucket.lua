-- Takes tokens from a bucket, all or none; a negative cost puts some back.
-- KEYS: the bucket. ARGV: the nanoseconds that a token takes, how many the bucket holds, the cost.
-- Returns 1 and how many whole tokens are left, or 0 and in how many nanoseconds there will be enough.

-- Kept is what was missing, in nanoseconds, and when, in microseconds: both fit into Lua's numbers,
-- which an instant in nanoseconds does not.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, capacity, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local window = interval * capacity

local missing = 0
local at, kept = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
if at then
  -- A clock that was set back brings no tokens, and takes none.
  missing = math.max(0, kept - math.max(0, now - at) * 1000)
end

missing = missing + cost * interval
if cost > 0 and missing > window then
  return {0, missing - window}
end
if missing > 0 then
  -- A full bucket is as good as none.
  redis.call('SET', KEYS[1], string.format('%.0f %.0f', now, missing), 'PX', string.format('%.0f', math.ceil(missing / 1000000)))
else
  redis.call('DEL', KEYS[1])
end
return {1, math.floor((window - math.max(0, missing)) / interval)}
