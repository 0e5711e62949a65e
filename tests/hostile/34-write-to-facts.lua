-- Facts are read-only.
local case = require 'case'

case.hook_error('34-write', 'cannot be changed', function(facts)
  facts.game = 'another'
end)

case.hook_error('34-new-fact', 'cannot be changed', function(facts)
  facts.invented = 1
end)

case.hook_error('34-insert', 'cannot be changed', function(facts)
  table.insert(facts, 1)
end)

case.hook_error('34-misspelt', 'unknown fact', function(facts)
  return facts.gaem
end)

case.hook_error('34-a-number', 'unknown fact', function(facts)
  return facts[1]
end)
