local worker = require 'worker'
worker.vram { keep_free = '2GiB' }
worker.vram { during = 'office', keep_free = '12GiB', at_most = '40%' }
worker.vram { during = 'night', at_most = '90%' }
worker.on('budget', function(gpu)
  if gpu.total and gpu.temperature and gpu.temperature > 83 then
    return gpu.total / 2, 'card is hot'
  end
end)
