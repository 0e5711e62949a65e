-- The runtime cannot be inspected.
local case = require 'case'

case.error('30-sethook', 'does not exist here', function()
  debug.sethook()
end)

case.error('30-getinfo', 'does not exist here', function()
  return debug.getinfo(1)
end)

case.error('30-getregistry', 'does not exist here', function()
  return debug.getregistry()
end)

case.error('30-setupvalue', 'does not exist here', function()
  debug.setupvalue(print, 1, nil)
end)
