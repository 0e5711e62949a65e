-- Finalizers would run when nobody watches.
local case = require 'case'

case.error('25-newproxy', 'unknown name', function()
  return newproxy(true)
end)

case.error('25-finalizer', 'does not exist here', function()
  setmetatable({}, { __gc = function()
    while true do end
  end })
end)
