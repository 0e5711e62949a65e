-- Tables until the memory is full.
local case = require 'case'

case.limit('10-table-of-tables', function()
  local list = {}
  while true do
    list[#list + 1] = { 1, 2, 3, 4, 5, 6, 7, 8 }
  end
end)

case.limit('10-one-large-table', function()
  local list = {}
  for i = 1, 1e9 do list[i] = i end
end)

case.limit('10-large-hash', function()
  local hash = {}
  for i = 1, 1e9 do hash['k' .. i] = true end
end)

case.limit('10-sparse-table', function()
  local list = {}
  for i = 1, 1e9 do list[i * 1e6] = i end
end)

case.limit('10-pairs-of-a-large-table', function()
  local list = {}
  for i = 1, 1e5 do list[i] = i end
  while true do
    pairs(list)
  end
end)

case.limit('10-next-of-a-large-table', function()
  local list = {}
  for i = 1, 1e5 do list[i] = i end
  while true do
    next(list)
  end
end)

case.limit('10-pairs-of-a-million', function()
  local list = {}
  for i = 1, 1e6 do list[i] = i end
  pairs(list)
end)
