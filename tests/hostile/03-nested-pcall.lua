-- Layers of pcall that swallow everything.
local case = require 'case'

case.limit('03-pcall-of-pcall', function()
  while true do
    pcall(pcall, pcall, pcall, function()
      while true do end
    end)
  end
end)

case.limit('03-pcall-recursion', function()
  local function dive()
    pcall(dive)
    while true do
      pcall(pcall, dive)
    end
  end
  dive()
end)

case.limit('03-pcall-of-pcall-itself', function()
  while true do
    pcall(pcall)
    pcall(error, pcall)
  end
end)

case.limit('03-loop-at-the-edge-of-the-stack', function()
  local function edge()
    while true do
      pcall(edge)
    end
  end
  local function deeper() return 1 + deeper(edge()) end
  local function wide(...)
    pcall(deeper)
    return 1 + wide(1, ...)
  end
  while true do
    pcall(wide)
  end
end)

case.limit('03-overflow-that-is-caught', function()
  local function deeper() return 1 + deeper() end
  while true do
    pcall(deeper)
  end
end)
