-- Coroutines do not exist.
local case = require 'case'

case.error('05-loop-in-coroutine', 'does not exist here', function()
  coroutine.wrap(function()
    while true do end
  end)()
end)

case.error('05-nested-coroutines', 'does not exist here', function()
  local function nest(depth)
    if depth > 0 then coroutine.wrap(nest)(depth - 1) end
  end
  nest(1e5)
end)
