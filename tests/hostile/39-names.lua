-- Names that are no text.
local case = require 'case'
local worker = require 'worker'

case.harmless('39-bytes-in-a-text', function()
  assert(#('\255\0\254'):rep(3) == 9)
end)

case.error('39-bytes-in-a-fact', 'attempt to index', function()
  return (nil)['\255\0']
end)

case.hook_error('39-zero-in-a-fact', 'unknown fact', function(facts)
  return facts['game\0']
end)

case.hook_error('39-bytes-in-a-window', 'is not UTF-8', function()
  return worker.in_window '\255\254'
end)

case.load_error('39-zero-in-a-window', 'control character', function()
  worker.window 'night\0' { all_day = true }
end)

case.load_error('39-bytes-in-an-event', 'is not UTF-8', function()
  worker.on('offer\255', function() end)
end)

case.load_error('39-bytes-in-a-zone', 'zone', function()
  worker.zone '\255\254'
end)

case.load_error('39-zone-is-a-path', 'zone', function()
  worker.zone '../../../etc/passwd'
end)

case.load_error('39-zero-in-a-key', 'unknown key', function()
  worker.game '*' { ['accept\0'] = true }
end)
