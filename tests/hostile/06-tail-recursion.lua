-- Calls that leave no frame behind.
local case = require 'case'

case.limit('06-tail-recursion', function()
  local function again() return again() end
  again()
end)

case.limit('06-mutual-tail-recursion', function()
  local pong
  local function ping() return pong() end
  pong = function() return ping() end
  ping()
end)
