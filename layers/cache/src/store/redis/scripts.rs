//! What is done in Redis at one blow.

use redis::Script;

use crate::store::Variants;

/// What the others use. `KEYS[1]` is the hash of an entry, or the first of some, `ARGV[1]` what bodies begin with, `ARGV[2]`
/// what lists of tags begin with. A response has five fields: `m` (name and length of its body), `h`
/// (head), `t` (tags), `g` (of each tag, the generation of which it is) and `s` (its place in the
/// order); `#` counts them.
///
/// The list of a tag is a sorted set: the tag's generation, marked by a colon before it, and the
/// entries that have something with the tag, by the time at which they expire. A response is alive as
/// long as the generations of all its tags are those of their lists. So whatever becomes of a list,
/// swept out or expired, nothing that was in it is served again.
///
/// Beside a long body stands a mark as long as somebody reads it, one more minute with each piece. Such a
/// body stays for that minute when its response goes.
const COMMON: &str = r"
local entry, bodies, lists = KEYS[1], ARGV[1], ARGV[2]
local WIDTH, MINUTE = 32, 60000
local function extend(key, ms)
  if redis.call('PTTL', key) < tonumber(ms) then redis.call('PEXPIRE', key, ms) end
end
-- Where nothing can be written, reading goes on without.
local function hold(body)
  redis.pcall('SET', body .. ':r', '', 'PX', MINUTE)
  if redis.call('PTTL', body) < MINUTE then redis.pcall('PEXPIRE', body, MINUTE) end
end
local function drop(body)
  if redis.call('EXISTS', body .. ':r') == 1 then redis.call('PEXPIRE', body, MINUTE)
  else redis.call('UNLINK', body) end
end
local function body(id)
  local meta = redis.call('HGET', entry, id .. 'm')
  if meta then return bodies .. string.sub(meta, 1, WIDTH), tonumber(string.sub(meta, WIDTH + 1)) end
end
local function split(text)
  local tags, at = {}, 1
  while at <= #text do
    local colon = string.find(text, ':', at, true)
    local last = colon + tonumber(string.sub(text, at, colon - 1))
    tags[#tags + 1] = string.sub(text, colon + 1, last)
    at = last + 1
  end
  return tags
end
local function tags(id) return split(redis.call('HGET', entry, id .. 't') or '') end
local function is_alive(id)
  local generations = redis.call('HGET', entry, id .. 'g') or ''
  for number, tag in ipairs(tags(id)) do
    local generation = string.sub(generations, (number - 1) * WIDTH + 1, number * WIDTH)
    if not redis.call('ZSCORE', lists .. tag, ':' .. generation) then return false end
  end
  return true
end
local function forget(id)
  local name = body(id)
  if not name then return 0 end
  drop(name)
  redis.call('HDEL', entry, id .. 'm', id .. 'h', id .. 't', id .. 'g', id .. 's')
  return 1
end
local function ids()
  local ids = {}
  for _, field in ipairs(redis.call('HKEYS', entry)) do
    if string.sub(field, -1) == 'm' then ids[#ids + 1] = string.sub(field, 1, -2) end
  end
  return ids
end
local function tidy()
  if redis.call('HLEN', entry) <= 1 then redis.call('DEL', entry) end
end
local function bury()
  for _, id in ipairs(ids()) do
    if not is_alive(id) then forget(id) end
  end
  tidy()
end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
-- Adds the entry to the list of a tag, of which a few that have gone are left out for it.
local function list(tag, ms)
  local key, time = lists .. tag, now()
  redis.call('ZREMRANGEBYSCORE', key, 0, time)
  for _, other in ipairs(redis.call('ZRANDMEMBER', key, 3)) do
    if string.sub(other, 1, 1) ~= ':' and redis.call('EXISTS', other) == 0 then
      redis.call('ZREM', key, other)
    end
  end
  redis.call('ZADD', key, 'GT', time + tonumber(ms), entry)
  extend(key, ms)
end
";

/// Adds a response whose body is there, be it empty; what invalidates a response under way removes that
/// first. Its number, body, head, tags, length, how long it is kept in
/// milliseconds, and the numbers of those that go. The oldest go beside them if they are too many. The body's name, which nothing else is called by, is
/// the generation of the tags that have none.
const PUT: &str = r"
local id, serial, head, text, length, ms = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local name = bodies .. serial
if redis.call('EXISTS', name) == 0 or redis.call('STRLEN', name) ~= tonumber(length) then
  return redis.error_reply('ERR the body was swept out while it was written')
end
forget(id)
for at = 9, #ARGV do forget(ARGV[at]) end
local generations = ''
for _, tag in ipairs(split(text)) do
  local last = redis.call('ZRANGE', lists .. tag, -1, -1)[1]
  if not last or string.sub(last, 1, 1) ~= ':' then
    last = ':' .. serial
    redis.call('ZADD', lists .. tag, '+inf', last)
  end
  generations = generations .. string.sub(last, 2)
  list(tag, ms)
end
local place = redis.call('HINCRBY', entry, '#', 1)
redis.call('HSET', entry, id .. 'm', serial .. length, id .. 'h', head, id .. 't', text, id .. 'g', generations,
  id .. 's', place)
if redis.call('HLEN', entry) > MOST * 5 + 1 then
  local all, places = ids(), {}
  for _, other in ipairs(all) do places[other] = tonumber(redis.call('HGET', entry, other .. 's')) or 0 end
  table.sort(all, function(one, other) return places[one] > places[other] end)
  for at = MOST + 1, #all do forget(all[at]) end
end
extend(entry, ms)
redis.call('PEXPIRE', name, ms)
return 1
";

/// All that is alive in an entry.
const GET: &str = r"
bury()
return redis.call('HGETALL', entry)
";

/// Gives a response another head: its number, the head, and how long it is kept.
const UPDATE: &str = r"
local id, head, ms = ARGV[3], ARGV[4], ARGV[5]
bury()
local name = body(id)
if not name then return 0 end
redis.call('HSET', entry, id .. 'h', head)
extend(entry, ms)
extend(name, ms)
for _, tag in ipairs(tags(id)) do list(tag, ms) end
return 1
";

/// The first of some bytes of a body: the number of its response, the first and the last byte of the
/// piece, and how many are wanted behind that. Nothing if the body is not whole.
const BODY: &str = r"
local name, length = body(ARGV[3])
if not name or redis.call('STRLEN', name) ~= length then return false end
if tonumber(ARGV[6]) > 0 and tonumber(ARGV[5]) + 1 < length then hold(name) end
return {name, length, redis.call('GETRANGE', name, ARGV[4], ARGV[5])}
";

/// The next of them. `KEYS[1]` is the body; the first and the last byte, and whether it is the last piece.
const READ: &str = r"
local piece = redis.call('GETRANGE', KEYS[1], ARGV[3], ARGV[4])
if ARGV[5] == '0' and #piece > 0 then hold(KEYS[1]) end
return piece
";

/// Removes what no entry refers to, but for bodies that are read.
const SWEEP: &str = r"
for _, key in ipairs(KEYS) do
  if string.sub(key, 1, #bodies) == bodies then drop(key) else redis.call('UNLINK', key) end
end
return 1
";

/// Forgets responses by their numbers.
const REMOVE: &str = r"
local count = 0
for at = 3, #ARGV do count = count + forget(ARGV[at]) end
tidy()
return count
";

/// Forgets everything in some entries.
const CLEAR: &str = r"
local count = 0
for _, key in ipairs(KEYS) do
  entry = key
  for _, id in ipairs(ids()) do count = count + forget(id) end
  redis.call('DEL', entry)
end
return count
";

/// Ends the generation of a tag, whose list is put aside for a minute to be gone through; whether there
/// was one. From here on nothing with the tag is alive. The tag, and where its list goes.
const RETIRE: &str = r"
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('PEXPIRE', KEYS[2], 60000)
return 1
";

/// Forgets what is not alive any more in some entries, and says how much of that had a tag.
const UNTAG: &str = r"
local count, unwanted = 0, ARGV[3]
for _, key in ipairs(KEYS) do
  entry = key
  for _, id in ipairs(ids()) do
    if not is_alive(id) then
      for _, tag in ipairs(tags(id)) do
        if tag == unwanted then count = count + 1 break end
      end
    end
  end
  bury()
end
return count
";

#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) put: Script,
    pub(super) get: Script,
    pub(super) update: Script,
    pub(super) body: Script,
    pub(super) read: Script,
    pub(super) sweep: Script,
    pub(super) remove: Script,
    pub(super) clear: Script,
    pub(super) retire: Script,
    pub(super) untag: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        let script = |code: &str| Script::new(&format!("{COMMON}{code}"));
        Self {
            put: script(&format!("local MOST = {}\n{PUT}", Variants::MOST)),
            get: script(GET),
            update: script(UPDATE),
            body: script(BODY),
            read: script(READ),
            sweep: script(SWEEP),
            remove: script(REMOVE),
            clear: script(CLEAR),
            retire: Script::new(RETIRE),
            untag: script(UNTAG),
        }
    }
}
