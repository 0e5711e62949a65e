-- table.concat of large parts.
local case = require 'case'

case.limit('13-large-parts', function()
  local part = ('x'):rep(2 ^ 10):rep(2 ^ 10)
  local list = {}
  for i = 1, 1000 do list[i] = part end
  return #table.concat(list)
end)

case.limit('13-large-separator', function()
  local list = {}
  for i = 1, 1000 do list[i] = '' end
  return #table.concat(list, ('x'):rep(2 ^ 10):rep(2 ^ 10))
end)

case.error('13-endless-range', 'invalid value', function()
  return #table.concat({}, '', 1, 2 ^ 31 - 1)
end)
