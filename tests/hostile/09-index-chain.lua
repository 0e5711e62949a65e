-- A chain of a hundred thousand tables.
local case = require 'case'

case.error('09-index-chain', 'does not exist here', function()
  local chain = {}
  for _ = 1, 1e5 do chain = setmetatable({}, { __index = chain }) end
  return chain.x
end)

case.error('09-plain-chain', 'error object is a table', function()
  local chain = {}
  for _ = 1, 1e4 do chain = { chain } end
  error(chain)
end)
