-- Verdicts that are none.
local case = require 'case'
local worker = require 'worker'

local cycle = {}
cycle[1] = cycle

case.hook_error('36-not-a-number', 'returned a number', function() return 0 / 0 end)

case.hook_error('36-negative', 'returned a number', function() return -1 end)

case.hook_error('36-huge', 'returned a number', function() return 1e308 end)

case.hook_error('36-text', 'returned a string', function() return 'no' end)

case.hook_error('36-true', 'returned a boolean', function() return true end)

case.hook_error('36-cyclic-table', 'returned a table', function() return cycle end)

case.hook_error('36-function', 'returned a function', function() return function() end end)

case.hook_error('36-reason-is-a-table', 'must be a string', function() return worker.decline(cycle) end)

case.hook_error('36-reason-is-missing', 'must be a string', function() return worker.decline() end)

case.hook_error('36-said-and-not-returned', 'not returned', function() worker.decline 'x' end)

case.error('36-unit-of-a-table', 'needs a number', function() worker.minutes({}) end)

case.load_error('36-hook-is-no-function', 'needs a function', function() worker.on('offer', cycle) end)

case.load_error('36-hook-is-of-the-library', 'needs a function', function() worker.on('offer', pairs) end)

case.load_error('36-cyclic-declaration', 'must be a string', function() worker.accept_during { cycle } end)

case.load_error('36-size-out-of-range', 'max_vram', function() worker.game '*' { max_vram = '1e308GiB' } end)
