-- Facts that are kept show the decision that runs, never an earlier one.
local case = require 'case'
local worker = require 'worker'

local kept, said

case.harmless('35-keep', function(facts)
  kept = facts
end)

case.harmless('35-use-later', function(facts)
  -- A later reading of the sensors has facts of its own; an offer has always the ones that are decided.
  if kept and case.event == 'offer' then assert(kept.game == facts.game) end
end)

case.hook_error('35-keep-a-verdict', 'earlier', function()
  local old = said
  said = worker.decline 'x'
  if old then return old end
  said = 1
  return worker.in_window 'earlier'
end)
