local worker = require 'worker'
worker.log_to 'none'            { about = 'heartbeat' }
worker.log_to 'console'         { level = 'info' }
worker.log_to 'file:jobs.jsonl' { about = 'job', format = 'json', keep = '14d' }
worker.log_to 'studio'          { level = 'warn', at_most = '60/min' }
worker.on('log', function(record)
  if record.game == 'unannounced' then
    record.message, record.details, record.game = '[hidden]', nil, '[hidden]'
  end
end)
