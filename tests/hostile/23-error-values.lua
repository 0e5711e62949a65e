-- Errors that are no text.
local case = require 'case'
local worker = require 'worker'

case.error('23-nil', 'error object is a nil', function()
  error(nil)
end)

case.error('23-table', 'error object is a table', function()
  error({ text = 'x' })
end)

case.error('23-function', 'error object is a function', function()
  error(function()
    while true do end
  end)
end)

case.error('23-text-of-megabytes', 'xxxxxxxx', function()
  local text = ('x'):rep(2 ^ 10):rep(2 ^ 10)
  error(text .. text .. text)
end)

case.error('23-escapes', 'clear', function()
  error('\27[2J clear \7\n\r\0 the screen')
end)

case.error('23-a-place-of-its-own', 'liar', function()
  error('/etc/passwd:1: liar', 0)
end)

case.error('23-a-level-of-its-own', 'deep', function()
  error('deep', 1e9)
end)

case.hook_error('23-userdata', 'error object is a userdata', function()
  error(worker.decline 'x')
end)
