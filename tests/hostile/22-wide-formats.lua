-- Formats of a width that nobody prints.
local case = require 'case'

case.error('22-wide-number', 'invalid', function()
  local _ = ('%999999999d'):format(1)
end)

case.error('22-long-fraction', 'invalid', function()
  local _ = ('%.999999999f'):format(1e308)
end)

case.harmless('22-widest-allowed', function()
  assert(#('%99.99f'):format(1e308) > 300)
end)

case.error('22-unknown-letter', 'invalid', function()
  local _ = ('%y'):format(1)
end)

case.error('22-missing-value', 'bad argument', function()
  local _ = ('%d %d'):format(1)
end)

case.harmless('22-address', function()
  assert(tostring({}) == 'table')
end)
