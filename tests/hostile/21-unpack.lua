-- More values than a stack takes.
local case = require 'case'

case.error('21-unpack-1e7', 'too many results', function()
  return { unpack({}, 1, 1e7) }
end)

case.error('21-unpack-all-numbers', 'too many results', function()
  return { unpack({}, -2 ^ 31, 2 ^ 31 - 1) }
end)

case.error('21-call-with-too-many', 'stack overflow', function()
  local list = {}
  local function spread(...) return (spread(1, 2, 3, ...)) end
  spread(unpack(list, 1, 5000))
end)

case.error('21-char-of-many', 'too many results', function()
  return #string.char(unpack({}, 1, 1e6))
end)

case.error('21-call-the-values', 'attempt to call', function()
  local cycle = {}
  cycle[1] = cycle
  unpack(cycle)()
end)
