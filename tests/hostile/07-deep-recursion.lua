-- Calls until the stack is full.
local case = require 'case'

case.error('07-deep-recursion', 'stack overflow', function()
  local function deeper() return 1 + deeper() end
  deeper()
end)

case.limit('07-deep-recursion-again', function()
  local function deeper() return 1 + deeper() end
  while true do
    pcall(deeper)
  end
end)

case.error('07-wide-frames', 'stack overflow', function()
  local list = {}
  for i = 1, 200 do list[i] = i end
  local function deeper(...) return 1 + deeper(unpack(list)) end
  deeper()
end)
