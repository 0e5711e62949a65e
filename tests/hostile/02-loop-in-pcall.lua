-- A loop that a pcall would hide.
local case = require 'case'

case.limit('02-loop-in-pcall', function()
  pcall(function()
    while true do end
  end)
end)

case.limit('02-loop-in-pcall-again', function()
  while true do
    pcall(function()
      while true do end
    end)
  end
end)
