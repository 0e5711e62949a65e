local worker = require 'worker'
worker.game 'ember-keep'  { kinds = { 'image', 'llm' } }
worker.game 'tide-runner' { max_vram = '10GiB', max_time = '20m' }
worker.game 'prototype-*' { accept = false, reason = 'prototypes stay in-house' }
worker.game '*'           { max_time = '15m' }
worker.on('offer', function(offer)
  if offer.kind == 'video' and offer.seconds and offer.seconds > worker.minutes(2) then
    return worker.decline 'long videos belong on the farm'
  end
end)
