-- Beside the cases: shows that the next decision is right.
local worker = require 'worker'

worker.on('offer', function(offer)
  if offer.kind == 'video' then return worker.decline 'no videos' end
end)
