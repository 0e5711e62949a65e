-- Memory that is asked for again and again.
local case = require 'case'

case.limit('14-bomb-in-pcall', function()
  while true do
    pcall(function()
      local list = {}
      while true do
        list[#list + 1] = ('x'):rep(1000) .. #list
      end
    end)
  end
end)

case.limit('14-large-block-in-pcall', function()
  local function double()
    local text = 'x'
    while true do
      text = text .. text
    end
  end
  while true do
    pcall(double)
  end
end)
