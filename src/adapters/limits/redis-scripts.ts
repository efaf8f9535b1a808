/**
 * A counter is a hash: `used`, `oldest` (a lower bound of its live parts) and one field for each part with its amount.
 * Amounts and parts are whole numbers up to 2^53 - 1, exact in Lua's doubles as long as they are printed with `%.0f`.
 */

/**
 * Takes all binding claims or none, and the claims of each observed rule where they all fit.
 * KEYS: one counter a claim. ARGV: deadline, then parts, ms, max, cost, observed rule (or nothing) of each claim.
 * Answers `{ 1, now, { index, counter }... }` with the claims that did not fit, or `{ 0, now }` after the deadline.
 */
export const RESERVE = `
local call, fmod = redis.call, math.fmod
local function text(number) return string.format('%.0f', number) end

local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now > tonumber(ARGV[1]) then return { 0, now } end

local function prune(key, lastFree)
  local fields = call('HGETALL', key)
  local gone, used, oldest = {}, 0, nil
  for i = 1, #fields, 2 do
    local part = tonumber(fields[i])
    if part and part <= lastFree then
      gone[#gone + 1] = fields[i]
    elseif part then
      used = used + fields[i + 1]
      oldest = math.min(oldest or part, part)
    end
  end
  if oldest then
    -- A refund may have taken the oldest part already: then nothing is gone.
    if #gone > 0 then call('HDEL', key, unpack(gone)) end
    call('HSET', key, 'used', text(used), 'oldest', text(oldest))
  else
    call('DEL', key)
  end
  return used, oldest
end

local function freeAt(part, parts, ms)
  local scaled = (part + parts) * ms
  local rest = fmod(scaled, parts)
  return (scaled - rest) / parts + (rest > 0 and 1 or 0)
end

-- Everything is read before anything is taken, so that an error in between leaves nothing half done.
local answer, missed = { 1, now }, {}
local part, name, used, oldest, here = {}, {}, {}, {}, {}
for i = 1, #KEYS do
  local key, at = KEYS[i], 5 * i - 3
  local parts, ms = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local rest = fmod(now * parts, ms)
  local whole = (now * parts - rest) / ms
  part[i] = whole + (parts > 1 and rest > 0 and 1 or 0)
  name[i] = text(part[i])
  local held = call('HMGET', key, 'used', 'oldest', name[i])
  used[i], oldest[i], here[i] = tonumber(held[1] or 0), tonumber(held[2]), held[3]
  if oldest[i] and oldest[i] <= whole - parts then used[i], oldest[i] = prune(key, whole - parts) end
  if tonumber(ARGV[at + 3]) > tonumber(ARGV[at + 2]) - used[i] then
    answer[#answer + 1] = { i - 1, call('HGETALL', key) }
    missed[ARGV[at + 4]] = true
  end
end
if missed[''] then return answer end

for i = 1, #KEYS do
  local key, at = KEYS[i], 5 * i - 3
  local cost = tonumber(ARGV[at + 3])
  if cost == 0 or missed[ARGV[at + 4]] then
    -- Nothing to take.
  elseif here[i] then
    call('HSET', key, 'used', text(used[i] + cost), name[i], text(here[i] + cost))
  else
    local first = text(math.min(oldest[i] or part[i], part[i]))
    call('HSET', key, 'used', text(used[i] + cost), 'oldest', first, name[i], text(cost))
    call('PEXPIREAT', key, text(freeAt(part[i], tonumber(ARGV[at]), tonumber(ARGV[at + 1]))))
  end
end
return answer
`;

/**
 * Gives claims back to the parts they were taken from, where those still count; once for each ticket.
 * KEYS: the marker of the ticket, then one counter a claim. ARGV: part, when it is free, cost of each claim.
 */
export const REFUND = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end

local owed, last = {}, 0
for i = 2, #KEYS do
  local part, free, cost = ARGV[3 * i - 5], tonumber(ARGV[3 * i - 4]), tonumber(ARGV[3 * i - 3])
  local held = redis.call('HMGET', KEYS[i], 'used', part)
  if free > now and held[1] and held[2] then
    last = math.max(last, free)
    owed[#owed + 1] = { key = KEYS[i], part = part, cost = cost, used = tonumber(held[1]), here = tonumber(held[2]) }
  end
end
if #owed == 0 or not redis.call('SET', KEYS[1], '', 'PX', text(last - now), 'NX') then return 0 end
for _, debt in ipairs(owed) do
  local given = math.min(debt.cost, debt.here, debt.used)
  if given == debt.used then
    redis.call('DEL', debt.key)
  else
    redis.call('HSET', debt.key, 'used', text(debt.used - given))
    if given == debt.here then
      redis.call('HDEL', debt.key, debt.part)
    else
      redis.call('HSET', debt.key, debt.part, text(debt.here - given))
    end
  end
end
return #owed
`;
