-- A text that doubles.
local case = require 'case'

case.limit('12-doubling', function()
  local text = 'x'
  while true do
    text = text .. text
  end
end)

case.limit('12-compare-large-texts', function()
  local a = ('x'):rep(2 ^ 10):rep(2 ^ 10)
  a = a .. a .. a
  local b = a .. 'b'
  a = a .. 'a'
  while true do
    local _ = a < b
  end
end)

case.limit('12-join-large-texts', function()
  local a = ('x'):rep(2 ^ 10):rep(2 ^ 10)
  while true do
    local _ = a .. a .. a
  end
end)

case.limit('12-upper-of-a-large-text', function()
  local a = ('x'):rep(2 ^ 10):rep(2 ^ 10)
  while true do
    local _ = a:upper() .. a:reverse()
  end
end)

case.limit('12-number-of-a-large-text', function()
  local a = ('1'):rep(2 ^ 10):rep(2 ^ 10)
  while true do
    local _ = tonumber(a), tonumber(a, 36), a + 1
  end
end)

case.limit('12-format-a-large-text', function()
  local a = ('\0'):rep(2 ^ 10):rep(2 ^ 10)
  while true do
    local _ = ('%q%s'):format(a, a)
  end
end)
