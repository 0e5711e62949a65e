-- No file, no program, no exit.
local case = require 'case'

case.error('33-exit', 'does not exist here', function()
  os.exit(0)
end)

case.error('33-execute', 'does not exist here', function()
  os.execute('true')
end)

case.error('33-remove', 'does not exist here', function()
  os.remove('/etc/passwd')
end)

case.error('33-open', 'does not exist here', function()
  return io.open('/etc/passwd')
end)

case.error('33-popen', 'does not exist here', function()
  return io.popen('true')
end)

case.error('33-print', 'does not exist here', function()
  print('x')
end)
