-- Names and libraries are read-only.
local case = require 'case'
local worker = require 'worker'

case.error('28-write-a-global', 'globals cannot be set', function()
  pairs = nil
end)

case.error('28-new-global', 'globals cannot be set', function()
  leaked = 1
end)

case.error('28-write-to-a-library', 'string library cannot be changed', function()
  string.find = nil
end)

case.error('28-write-to-worker', 'cannot be changed', function()
  worker.decline = nil
end)

case.error('28-insert-into-a-library', 'math library cannot be changed', function()
  table.insert(math, 1)
end)

case.error('28-sort-a-library', 'cannot be changed', function()
  table.sort(bit)
  table.insert(bit, 1)
end)

case.error('28-globals-table', 'does not exist here', function()
  _G.x = 1
end)

case.harmless('28-pairs-gives-copies', function()
  for name in pairs(string) do assert(type(name) == 'string') end
end)

case.error('28-unknown-in-a-library', 'unknown name', function()
  return math.randomseed(1)
end)
