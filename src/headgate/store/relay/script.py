"""What runs inside Redis for a tower: the scripts by which processes share running calls.

Rule 1: a flight is a hash (`leader`, `wanted`, `until`) whose life is its lease; its parts are
a stream of its own, `FLIGHT:TOKEN`, numbered from 1; once it is over, `FLIGHT:TOKEN:left` says
how many still read it.
Rule 2: who follows a flight drops its name into the box of the process that leads it.
Rule 3: whatever is written is given a time after which it is gone.
"""

from __future__ import annotations

PREFIX = "headgate:flight:"
BOXES = "headgate:flights:"
LEFT = ":left"

_NOW = """
local told = redis.call('TIME')
local now = told[1] * 1000 + math.floor(told[2] / 1000)
local function want(leader, lease_ms, kept_ms)
  redis.call('HSET', KEYS[1], 'until', now + lease_ms)
  local box = 'headgate:flights:' .. string.match(leader, '^[^.]*')
  redis.call('SADD', box, KEYS[1])
  redis.call('PEXPIRE', box, kept_ms)
end
"""

CLAIM = (
    _NOW
    + """
-- KEYS: the flight. ARGV: token, lease_ms, kept_ms. Who leads.
local leader = redis.call('HGET', KEYS[1], 'leader')
if not leader then
  redis.call('HSET', KEYS[1], 'leader', ARGV[1], 'wanted', 0, 'until', 0)
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return ARGV[1]
end
redis.call('HINCRBY', KEYS[1], 'wanted', 1)
want(leader, ARGV[2], ARGV[3])
return leader
"""
)

RENEW = """
-- KEYS: the flight, its parts. ARGV: token, lease_ms, kept_ms.
if redis.call('HGET', KEYS[1], 'leader') == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
"""

KEEP = (
    _NOW
    + """
-- KEYS: the flight. ARGV: token, lease_ms, kept_ms.
if redis.call('HGET', KEYS[1], 'leader') == ARGV[1] then want(ARGV[1], ARGV[2], ARGV[3]) end
"""
)

_WANTED_NOW = """
local function wanted(flight)
  local it = redis.call('HMGET', flight, 'leader', 'wanted', 'until')
  if it[1] and tonumber(it[2]) > 0 and tonumber(it[3]) > now then return it[1] end
end
"""

WANTED = (
    _NOW
    + _WANTED_NOW
    + """
-- KEYS: a process's box. ARGV: what its tokens begin with. The tokens that others follow.
local found = {}
for _, flight in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local leader = wanted(flight)
  if leader and string.sub(leader, 1, #ARGV[1]) == ARGV[1] then
    found[#found + 1] = leader
  else
    redis.call('SREM', KEYS[1], flight)
  end
end
return found
"""
)

LAND = (
    _NOW
    + _WANTED_NOW
    + """
-- KEYS: the flight, its parts. ARGV: token. 0: it is wanted.
if redis.call('HGET', KEYS[1], 'leader') == ARGV[1] then
  if wanted(KEYS[1]) then return 0 end
  redis.call('DEL', KEYS[1])
end
redis.call('DEL', KEYS[2])
return 1
"""
)

PUBLISH = """
-- KEYS: the flight, its parts, who is left. ARGV: token, number of the first part, kept_ms, '1'
-- if these are the last, then the parts.
local there = redis.call('XLEN', KEYS[2])
if there < tonumber(ARGV[2]) then return end  -- what came before is lost
for i = 5, #ARGV do
  local n = ARGV[2] + i - 5
  if n >= there then redis.call('XADD', KEYS[2], '0-' .. (n + 1), 'b', ARGV[i]) end
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
if ARGV[4] == '1' and redis.call('HGET', KEYS[1], 'leader') == ARGV[1] then
  local left = tonumber(redis.call('HGET', KEYS[1], 'wanted'))
  redis.call('DEL', KEYS[1])
  if left > 0 then
    redis.call('SET', KEYS[3], left, 'PX', ARGV[3])
  else
    redis.call('DEL', KEYS[2])
  end
end
"""

LEAVE = """
-- KEYS: the flight, its parts, who is left. ARGV: token.
if redis.call('HGET', KEYS[1], 'leader') == ARGV[1] then
  redis.call('HINCRBY', KEYS[1], 'wanted', -1)
elseif redis.call('EXISTS', KEYS[3]) == 1 and redis.call('DECR', KEYS[3]) <= 0 then
  redis.call('DEL', KEYS[2], KEYS[3])
end
"""
