-- A million functions.
local case = require 'case'

case.limit('15-closures', function()
  local list = {}
  for i = 1, 1e7 do
    list[i] = function() return i end
  end
end)
