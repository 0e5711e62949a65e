-- Only text is ever compiled.
local case = require 'case'

case.error('32-load', 'does not exist here', function()
  load('\27LJ\2')()
end)

case.error('32-loadstring', 'does not exist here', function()
  loadstring('\27LJ\2')()
end)

case.error('32-loadfile', 'unknown name', function()
  loadfile('/etc/passwd')
end)

case.error('32-dofile', 'does not exist here', function()
  dofile('/etc/passwd')
end)

case.error('32-dump', 'unknown name', function()
  return string.dump(function() end)
end)
