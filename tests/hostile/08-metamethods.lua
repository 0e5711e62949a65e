-- Recursion through metamethods needs setmetatable, which does not exist; what strings have is locked.
local case = require 'case'

case.error('08-index', 'does not exist here', function()
  local list = setmetatable({}, { __index = function(t, k) return t[k] end })
  return list.x
end)

case.error('08-newindex', 'does not exist here', function()
  setmetatable({}, { __newindex = function(t, k, v) t[k] = v end }).x = 1
end)

case.error('08-equal', 'does not exist here', function()
  local meta = { __eq = function(a, b) return a == b end }
  return setmetatable({}, meta) == setmetatable({}, meta)
end)

case.error('08-less-than', 'does not exist here', function()
  local meta = { __lt = function(a, b) return a < b end }
  return setmetatable({}, meta) < setmetatable({}, meta)
end)

case.error('08-join', 'does not exist here', function()
  return setmetatable({}, { __concat = function(a, b) return a .. b end }) .. ''
end)

case.error('08-call', 'does not exist here', function()
  setmetatable({}, { __call = function(self) self() end })()
end)

case.error('08-tostring', 'does not exist here', function()
  return tostring(setmetatable({}, { __tostring = function(self) return tostring(self) end }))
end)

case.error('08-call-a-string', 'attempt to call', function()
  ('x')()
end)

case.error('08-add-tables', 'attempt to perform arithmetic', function()
  return {} + {}
end)
