-- A short call that asks for a long text.
local case = require 'case'

case.error('11-rep-1e9', 'longer than 1 MiB', function()
  return #string.rep('x', 1e9)
end)

case.error('11-rep-as-a-method', 'longer than 1 MiB', function()
  return #('x'):rep(1e9)
end)

case.error('11-rep-with-separator', 'longer than 1 MiB', function()
  return #('x'):rep(1e9, ', ')
end)

case.harmless('11-rep-not-a-number', function()
  assert(('x'):rep(0 / 0) == '')
end)

case.error('11-rep-infinite', 'longer than 1 MiB', function()
  return #('x'):rep(1 / 0)
end)

case.harmless('11-rep-of-nothing', function()
  assert((''):rep(1e300) .. (''):rep(1 / 0) == '')
end)

case.limit('11-rep-forever', function()
  while true do
    local _ = ('x'):rep(2 ^ 10):rep(2 ^ 10)
  end
end)
