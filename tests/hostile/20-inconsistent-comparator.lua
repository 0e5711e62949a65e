-- An order that is none gives some order, and an end.
local case = require 'case'

case.harmless('20-always-true', function()
  local list = {}
  for i = 1, 500 do list[i] = i end
  table.sort(list, function() return true end)
  assert(#list == 500)
end)

case.harmless('20-random-order', function()
  local list = {}
  for i = 1, 500 do list[i] = i end
  table.sort(list, function() return math.random() < 0.5 end)
  assert(#list == 500)
end)

case.error('20-no-order', 'attempt to compare', function()
  table.sort({ 1, 'a', {} })
end)

case.error('20-list-that-shrinks', 'attempt to compare', function()
  local list = { 3, 2, 1 }
  table.sort(list, function(a, b)
    list[1], list[2], list[3] = nil, nil, nil
    return a < b
  end)
  table.sort({ 1, list })
end)
