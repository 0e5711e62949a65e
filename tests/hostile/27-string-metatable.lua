-- The methods of texts are for everyone.
local case = require 'case'

case.error('27-getmetatable', 'does not exist here', function()
  getmetatable('').__index = nil
end)

case.error('27-through-a-method', 'attempt to index', function()
  ('x').upper.__index = nil
end)

case.error('27-write-to-a-text', 'attempt to index', function()
  local text = 'x'
  text.upper = nil
end)

case.error('27-unknown-method', 'unknown name', function()
  return ('x'):dump()
end)
