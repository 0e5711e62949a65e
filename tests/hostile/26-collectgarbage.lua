-- The collector is not the policy's.
local case = require 'case'

case.error('26-stop', 'unknown name', function()
  collectgarbage('stop')
end)

case.error('26-count', 'unknown name', function()
  return collectgarbage('count')
end)

case.error('26-gcinfo', 'unknown name', function()
  return gcinfo()
end)
