-- The `case` of a run in hooks: each case whose name starts so becomes a hook of its own. Declared and run by
-- tail calls, so that no line of this file stands in its error.
local worker = require 'worker'

local function add(name, first, second)
  if name:sub(1, #'@prefix@') ~= '@prefix@' then return end
  return worker.on('@event@', function(facts)
    if @subject@ == name then return (second or first)(facts) end
  end)
end

return { event = '@event@', limit = add, error = add, hook_error = add, harmless = add, load_error = function() end }
