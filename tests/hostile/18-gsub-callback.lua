-- Recursion through a callback of the library: the library is Lua here, so no C stack grows.
local case = require 'case'

case.error('18-gsub-callback', 'stack overflow', function()
  local function again() return (('a'):gsub('a', again)) end
  again()
end)

case.limit('18-gsub-callback-in-pcall', function()
  local function again()
    pcall(string.gsub, 'a', 'a', again)
  end
  while true do
    again()
  end
end)
