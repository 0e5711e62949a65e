-- A handler runs while the limit is being enforced: there is none to set.
local case = require 'case'

case.error('04-loop-in-handler', 'unknown name', function()
  xpcall(function() error('x') end, function()
    while true do end
  end)
end)
