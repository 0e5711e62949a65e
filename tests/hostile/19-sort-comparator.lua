-- Recursion through a comparator.
local case = require 'case'

case.error('19-sort-comparator', 'stack overflow', function()
  local function before(a, b)
    table.sort({ 2, 1 }, before)
    return a < b
  end
  table.sort({ 2, 1 }, before)
end)

case.limit('19-sort-forever', function()
  table.sort({ 2, 1 }, function()
    while true do end
  end)
end)
