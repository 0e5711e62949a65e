local worker = require 'worker'
worker.game 'ember-keep'  { kinds = { 'image', 'llm' }, quota = { jobs = 200, per = 'day' } }
worker.game 'tide-runner' { quota = { jobs = 3, per = 'night' }, max_vram = '10GiB', max_time = '20m' }
worker.game 'prototype-*' { accept = false, reason = 'prototypes stay in-house' }
worker.game '*'           { max_time = '15m' }
worker.on('offer', function(offer)
  if offer.kind == 'video' and offer.est_time and offer.est_time > worker.minutes(5) then
    return worker.decline 'long videos belong on the farm'
  end
end)
