-- Each line with a slip says so at its end: an editor with the types of policies/worker.d.lua has to find exactly these.
local worker = require 'worker'
worker.window 'night' { from = '22:00', to = '07:00' }
worker.windov 'late' { from = '22:00', to = '07:00' } -- slip: a function
worker.game 'a' { quota = { jobs = 3, pre = 'night' } } -- slip: a key
worker.game 'b' { kinds = { 'image', 'vidoe' } } -- slip: a kind
worker.pause_when 'c' { on_battery = true, action = 'finsh' } -- slip: an action
worker.log_to 'console' { level = 'wran' } -- slip: a level
worker.vram { at_most = 12 } -- slip: no unit
worker.on('ofer', function() end) -- slip: an event
worker.on('offer', function(offer)
  if offer.gaem == 'a' then return worker.decline 'no' end -- slip: a fact
  return worker.decline(3) -- slip: no reason
end)
worker.on('budget', function(gpu)
  return gpu.total / 2 -- slip: a fact that may be nil
end)
worker.on('pause', function(machine)
  if machine.locked and worker.in_window 'night' then return worker.pause { reason = 'locked' } end
end)
