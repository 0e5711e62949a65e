-- Loops without an end.
local case = require 'case'

case.limit('01-while-true', function()
  while true do end
end)

case.limit('01-for-forever', function()
  for _ = 1, 1e18 do end
end)

case.limit('01-for-without-step', function()
  for _ = 1, 2, 0 do end
end)

case.limit('01-goto-itself', function()
  ::again::
  goto again
end)
