-- Requests with an id each, and the results as one line of JSON.
local before, after = os.getenv('BENCH_BEFORE'), os.getenv('BENCH_AFTER')
local path = os.getenv('BENCH_PATH')
local headers = os.getenv('BENCH_HEADERS')
local sessions = {}
for session in (os.getenv('BENCH_SESSIONS') or ''):gmatch('%S+') do sessions[#sessions + 1] = session end

-- Seven digits, so that every request is of one length.
local id, heads = 1000000, {}
function init()
  local tail = headers .. 'Content-Length: ' .. (#before + 7 + #after) .. '\r\n\r\n' .. before
  local first = 'POST ' .. path .. ' HTTP/1.1\r\nHost: localhost\r\n'
  if #sessions == 0 then heads[1] = first .. tail end
  for i = 1, #sessions do heads[i] = first .. 'Mcp-Session-Id: ' .. sessions[i] .. '\r\n' .. tail end
end

function request()
  id = id + 1
  return heads[id % #heads + 1] .. id .. after
end

function done(summary, latency)
  local errors = summary.errors
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '\nBENCH {"calls":%d,"seconds":%f,"p50Ms":%f,"p99Ms":%f,"refused":%d,"lost":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.status, lost))
end
