-- Nobody's environment can be read or replaced, and no lock can be passed by.
local case = require 'case'

case.error('29-getfenv', 'unknown name', function()
  getfenv(1).x = 1
end)

case.error('29-setfenv', 'unknown name', function()
  setfenv(1, {})
end)

case.error('29-rawset', 'unknown name', function()
  rawset(string, 'x', 1)
end)

case.error('29-rawget', 'unknown name', function()
  return rawget(string, 'x')
end)

case.error('29-rawequal', 'unknown name', function()
  return rawequal(string, string)
end)

case.error('29-module', 'unknown name', function()
  module('x')
end)
