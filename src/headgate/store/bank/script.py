"""What runs inside Redis: the two scripts by which processes share what it remembers.

Rule 1: everything lies in one hash, so that Redis loses all of it or nothing: `g` is its
generation, `b` since when it is known what was taken from flows, `o` who has registered,
`l OWNER FIRST POT` a lease, `f ACCOUNT` a bucket.
Rule 2: a script changes nothing if the hash is of another generation than its caller believes,
or does not know the caller; the generation changes whenever somebody is struck off.
Rule 3: sums beyond 2^52, which a Lua number cannot hold, are rounded against whoever asks.
"""

from __future__ import annotations

_LISTS = """
local function listed(text)
  local found = {}
  for n in string.gmatch(text or '', '%d+') do found[#found + 1] = n end
  return found
end
local function among(list, wanted)
  for _, n in ipairs(list) do if n == wanted then return true end end
  return false
end
"""

REGISTER = (
    _LISTS
    + """
-- KEYS: the hash. ARGV: generation believed, new generation, born_us, owner that registers or
-- '', owners struck off, then what the registering one holds: field, granted, ...
local K = KEYS[1]
local head = redis.call('HMGET', K, 'g', 'o')
local g, owners = head[1] or '', listed(head[2])
if g ~= ARGV[1] then return {g, table.concat(owners, ' ')} end
local gone = listed(ARGV[5])
if g == '' then
  g = ARGV[2]
  redis.call('HSET', K, 'b', ARGV[3])
end
if #gone > 0 then
  g = ARGV[2]
  local left = {}
  for _, n in ipairs(owners) do
    if not among(gone, n) then left[#left + 1] = n end
  end
  owners = left
  for _, field in ipairs(redis.call('HKEYS', K)) do
    local n = string.match(field, '^l (%d+) ')
    if n and among(gone, n) then redis.call('HDEL', K, field) end
  end
end
if ARGV[4] ~= '' and not among(owners, ARGV[4]) then
  owners[#owners + 1] = ARGV[4]
  for i = 6, #ARGV, 2 do redis.call('HSET', K, ARGV[i], ARGV[i + 1]) end
end
local names = table.concat(owners, ' ')
redis.call('HSET', K, 'g', g, 'o', names)
return {g, names}
"""
)

_DRAW = """
local PATIENCE = 60000000
local function whole(n) return string.format('%.0f', n) end

local function filled(level, at, per_minute, brim, now)
  level = math.min(level, brim)
  at = math.min(at, now + PATIENCE)
  local lacking, passed = brim - level, now - at
  if passed <= 0 then return level, at end
  if per_minute * passed >= lacking * 60000 then return brim, now end
  local gained = math.floor(per_minute * passed / 60000)
  if gained == 0 then return level, at end
  return level + gained, at + math.ceil(gained * 60000 / per_minute)
end

local function draw(K, stored, ask, born, now)
  local per_minute, burst = tonumber(ask[3]), tonumber(ask[4])
  local take, least, brim = tonumber(ask[5]), tonumber(ask[6]), tonumber(ask[4]) * 1000
  local level, at = string.match(stored or '', '^(%S+) (%S+)$')
  -- never taken from since `born`; what was taken before it is not known
  if not level then level, at = born > 0 and 0 or brim, born > 0 and born or now end
  local before = tonumber(at)
  level, at = filled(tonumber(level), before, per_minute, brim, now)
  local granted, wait = 0, 0
  if take <= 0 then
    granted = take
  else
    least = math.min(math.max(least, 1), take)
    granted = math.min(take, math.floor(math.max(level, 0) / 1000))
    if granted < least then
      granted = 0
      if least > burst and level >= brim then granted = least end
    end
    if granted == 0 then
      wait = (math.min(least * 1000, brim) - level) * 60000 / per_minute + at - now
      wait = per_minute == 0 and math.huge or math.max(wait, 1)
    end
  end
  level = math.min(brim, level - granted * 1000)
  local text = whole(level) .. ' ' .. whole(at)
  if granted ~= 0 or at < before then redis.call('HSET', K, 'f ' .. ask[2], text) end
  return text, whole(granted), whole(math.floor(level / 1000)), '0', whole(wait)
end
"""

_SHARE = """
local EXACT = 2 ^ 52
local function share(K, me, leases, owners, ask, frozen)
  local suffix, cap, hold, least = ask[2], tonumber(ask[3]), tonumber(ask[4]), tonumber(ask[5])
  local spent, total, mine = {}, tonumber(ask[6]), 0
  local others, largest = total, math.max(cap, hold, total)
  for i = 7, #ask, 2 do spent[ask[i]] = tonumber(ask[i + 1]) end
  for _, n in ipairs(owners) do
    local granted = tonumber(leases[n][suffix] or '0')
    local counted = math.max(granted, spent[n] or 0)
    total = total + (spent[n] or 0)
    if n == me then mine = granted else others = others + counted end
    spent[n] = n == me and spent[n] or nil
  end
  for n, nusd in pairs(spent) do
    if n ~= me then
      others, total = others + nusd, total + nusd
    end
  end
  largest = math.max(largest, others)
  if largest > EXACT then others = others + math.ceil(largest / 2 ^ 44) end
  local room, granted = cap - others, mine
  local before = leases[me][suffix]
  if frozen then room = math.min(room, mine) end
  if hold <= math.max(mine, room) then
    granted = hold == mine and before or ask[4]
  elseif room > mine and room >= least then
    granted = whole(room)
  else
    granted = before
  end
  granted = granted or '0'
  if granted ~= (before or '0') then
    local field = 'l ' .. me .. ' ' .. suffix
    if granted == '0' then redis.call('HDEL', K, field)
    else redis.call('HSET', K, field, granted) end
    leases[me][suffix] = granted
  end
  local free = cap - others - math.max(tonumber(granted), spent[me] or 0)
  if frozen then free = math.min(free, 0) end
  return granted, whole(free), whole(total), '0'
end
"""

EXCHANGE = (
    _LISTS
    + _DRAW
    + _SHARE
    + """
-- KEYS: the hash. ARGV: generation believed, owner, owners that must have registered, asks.
-- An ask: {'s', 'FIRST POT', cap, hold, least, spent by those who count no more, owner, spent,
-- ...} or {'f', ACCOUNT, per_minute, burst, take, least}; every number is a text.
local K, me = KEYS[1], ARGV[2]
local head = redis.call('HMGET', K, 'g', 'o', 'b')
local g, owners = head[1] or '', listed(head[2])
local names = table.concat(owners, ' ')
if g ~= ARGV[1] or not among(owners, me) then return {g, names, 'stale'} end
local frozen = false
for _, n in ipairs(listed(ARGV[3])) do
  if not among(owners, n) then frozen = true end
end
local asks = cjson.decode(ARGV[4])
local time = redis.call('TIME')
local now, born = tonumber(time[1]) * 1000000 + tonumber(time[2]), tonumber(head[3])

local function read(prefix, kind)
  local found, order = {}, {}
  for _, ask in ipairs(asks) do
    if ask[1] == kind then order[#order + 1] = ask[2] end
  end
  for start = 1, #order, 1000 do
    local fields = {}
    for i = start, math.min(start + 999, #order) do fields[#fields + 1] = prefix .. order[i] end
    for i, value in ipairs(redis.call('HMGET', K, unpack(fields))) do
      found[order[start + i - 1]] = value or nil
    end
  end
  return found
end

local flows, leases = read('f ', 'f'), {}
for _, n in ipairs(owners) do leases[n] = read('l ' .. n .. ' ', 's') end
local answers = {g, names, frozen and 'frozen' or ''}
for _, ask in ipairs(asks) do
  local granted, free, spent, wait
  if ask[1] == 'f' then
    flows[ask[2]], granted, free, spent, wait = draw(K, flows[ask[2]], ask, born, now)
  else
    granted, free, spent, wait = share(K, me, leases, owners, ask, frozen)
  end
  for _, text in ipairs({granted, free, spent, wait}) do answers[#answers + 1] = text end
end
return answers
"""
)
