//! What is done in Redis at one blow.

use redis::Script;

/// What the others use. `KEYS[1]` is the hash of an entry, `ARGV[1]` what bodies begin with, `ARGV[2]`
/// what sets of tags begin with. A response has four fields: `m` (name and length of its body), `h`
/// (head), `t` (tags) and `s` (its place in the order); `#` counts them.
const COMMON: &str = r"
local entry, bodies, sets = KEYS[1], ARGV[1], ARGV[2]
local function body(id)
  local meta = redis.call('HGET', entry, id .. 'm')
  if meta then return bodies .. string.sub(meta, 1, 32), tonumber(string.sub(meta, 33)) end
end
local function tags(id)
  local text, tags, at = redis.call('HGET', entry, id .. 't') or '', {}, 1
  while at <= #text do
    local colon = string.find(text, ':', at, true)
    local last = colon + tonumber(string.sub(text, at, colon - 1))
    tags[#tags + 1] = string.sub(text, colon + 1, last)
    at = last + 1
  end
  return tags
end
local function forget(id)
  local name = body(id)
  if not name then return 0 end
  redis.call('UNLINK', name)
  redis.call('HDEL', entry, id .. 'm', id .. 'h', id .. 't', id .. 's')
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
local function extend(key, ms)
  if redis.call('PTTL', key) < tonumber(ms) then redis.call('PEXPIRE', key, ms) end
end
";

/// Adds a response whose body is there: its number, body, head, tags, length, how long it is kept in
/// milliseconds, and the numbers of those that go.
const PUT: &str = r"
local id, serial, head, text, length, ms = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local name = bodies .. serial
if redis.call('STRLEN', name) ~= tonumber(length) then
  return redis.error_reply('ERR the body was swept out while it was written')
end
forget(id)
for at = 9, #ARGV do forget(ARGV[at]) end
local place = redis.call('HINCRBY', entry, '#', 1)
redis.call('HSET', entry, id .. 'm', serial .. length, id .. 'h', head, id .. 't', text, id .. 's', place)
extend(entry, ms)
redis.call('PEXPIRE', name, ms)
for _, tag in ipairs(tags(id)) do
  redis.call('SADD', sets .. tag, entry)
  extend(sets .. tag, ms)
end
return 1
";

/// Gives a response another head: its number, the head, and how long it is kept.
const UPDATE: &str = r"
local id, head, ms = ARGV[3], ARGV[4], ARGV[5]
local name = body(id)
if not name then return 0 end
redis.call('HSET', entry, id .. 'h', head)
extend(entry, ms)
extend(name, ms)
for _, tag in ipairs(tags(id)) do
  redis.call('SADD', sets .. tag, entry)
  extend(sets .. tag, ms)
end
return 1
";

/// Some bytes of a body: the number of its response, the first and the last byte. Nothing if it is not
/// whole.
const BODY: &str = r"
local name, length = body(ARGV[3])
if not name or redis.call('STRLEN', name) ~= length then return false end
return {name, length, redis.call('GETRANGE', name, ARGV[4], ARGV[5])}
";

/// Forgets responses by their numbers.
const REMOVE: &str = r"
local count = 0
for at = 3, #ARGV do count = count + forget(ARGV[at]) end
tidy()
return count
";

/// Forgets everything under a key.
const CLEAR: &str = r"
local count = 0
for _, id in ipairs(ids()) do count = count + forget(id) end
redis.call('DEL', entry)
return count
";

/// Forgets what has a tag.
const UNTAG: &str = r"
local count, unwanted = 0, ARGV[3]
for _, id in ipairs(ids()) do
  for _, tag in ipairs(tags(id)) do
    if tag == unwanted then count = count + forget(id) break end
  end
end
tidy()
redis.call('SREM', sets .. unwanted, entry)
return count
";

#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) put: Script,
    pub(super) update: Script,
    pub(super) body: Script,
    pub(super) remove: Script,
    pub(super) clear: Script,
    pub(super) untag: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        let script = |code: &str| Script::new(&format!("{COMMON}{code}"));
        Self {
            put: script(PUT),
            update: script(UPDATE),
            body: script(BODY),
            remove: script(REMOVE),
            clear: script(CLEAR),
            untag: script(UNTAG),
        }
    }
}
