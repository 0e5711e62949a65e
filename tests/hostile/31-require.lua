-- Only a file beside this one can be required.
local case = require 'case'

case.error('31-ffi', 'policy file', function()
  require 'ffi'
end)

case.error('31-jit', 'policy file', function()
  require 'jit'
end)

case.error('31-os', 'policy file', function()
  require 'os'
end)

case.error('31-module-of-the-library', 'bare name', function()
  require 'jit.util'
end)

case.error('31-parent', 'bare name', function()
  require '../x'
end)

case.error('31-absolute', 'bare name', function()
  require '/etc/passwd'
end)

case.error('31-zero-byte', 'bare name', function()
  require 'worker\0x'
end)

case.error('31-c-module', 'does not exist here', function()
  package.loadlib('./x.so', 'luaopen_x')
end)

case.error('31-not-a-text', 'needs the name', function()
  require({})
end)

case.error('31-itself-under-another-name', 'bare name', function()
  require './31-require'
end)
