-- Calls without number, texts without end, and texts that speak to a terminal.
local case = require 'case'
local worker = require 'worker'

case.load_error('37-notes-at-load', 'more than 10000 times', function()
  while true do
    worker.note 'x'
  end
end)

case.hook_error('37-notes', 'used up its instructions', function()
  while true do
    worker.note 'x'
  end
end)

case.harmless('37-some-notes', function()
  for _ = 1, 1000 do worker.note 'x' end
end)

case.error('37-note-of-a-megabyte', 'longer than 200 bytes', function()
  worker.note(('x'):rep(2 ^ 10):rep(2 ^ 10))
end)

case.error('37-newline', 'control character', function()
  worker.note 'a\nb'
end)

case.hook_error('37-escape-in-a-reason', 'control character', function()
  return worker.decline '\27[2J'
end)

case.hook_error('37-verdicts', 'more than 100 times', function()
  while true do
    worker.decline 'x'
  end
end)

case.load_error('37-games', 'more than 10000 times', function()
  for i = 1, 1e6 do worker.game('g' .. i) {} end
end)

case.load_error('37-windows', 'more than 10000 times', function()
  for i = 1, 1e6 do worker.window('w' .. i) { all_day = true } end
end)

case.load_error('37-names-without-a-table', 'more than 10000 times', function()
  for i = 1, 1e6 do worker.window('w' .. i) end
end)

case.load_error('37-hooks', '100 hooks', function()
  for _ = 1, 1e6 do worker.on('offer', function() end) end
end)

case.load_error('37-long-list', 'more than 1000 entries', function()
  local list = {}
  for i = 1, 2000 do list[i] = '2026-12-24' end
  worker.dates 'days'(list)
end)

case.load_error('37-same-again', 'more than 10000 times', function()
  for _ = 1, 1e6 do worker.zone 'UTC' end
end)

case.load_error('37-texts', 'more than 1 MiB of text', function()
  local models = {}
  for i = 1, 1000 do models[i] = ('m'):rep(190) .. i end
  for i = 1, 1000 do worker.game('g' .. i) { models = models } end
end)

case.load_error('37-unknown-windows', 'unknown window', function()
  for i = 1, 2000 do worker.window('w' .. i) { all_day = true } end
  local names = {}
  for i = 1, 1000 do names[i] = 'v' .. i end
  worker.accept_during(names)
end)

case.hook_error('37-misspelt-in-pcall', 'used up its instructions', function()
  while true do
    pcall(worker.in_window, 'misspelt')
    pcall(worker.minutes)
  end
end)
