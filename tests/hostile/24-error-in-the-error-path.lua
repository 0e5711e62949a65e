-- An error while an error is handled.
local case = require 'case'

case.error('24-error-in-every-pcall', 'more than 200 are open', function()
  local function deeper()
    local ok, message = pcall(deeper)
    if not ok then error(message:sub(-50), 0) end
    return deeper() + 1
  end
  deeper()
end)

case.error('24-error-of-error', 'error object is a table', function()
  local _, first = pcall(error, {})
  local _, second = pcall(error, first)
  error(second)
end)

case.limit('24-error-when-memory-is-gone', function()
  local list = {}
  pcall(function()
    while true do
      list[#list + 1] = ('x'):rep(10000) .. #list
    end
  end)
  error('text ' .. #list)
end)

case.limit('24-error-at-the-edge-of-the-stack', function()
  local function deeper() return 1 + deeper() end
  local _, message = pcall(deeper)
  error(message)
end)
