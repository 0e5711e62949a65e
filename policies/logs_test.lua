test('jobs are kept in a file of their own', function(t)
  t:logs({ job = '8f3c', game = 'tide-runner' }, { 'console', 'file:jobs.jsonl' })
  t:logs({ level = 'debug', job = '8f3c' }, { 'usual' })
  t:logs({ about = 'ws' }, { 'console' })
end)

test('heartbeats are dropped', function(t)
  t:logs({ level = 'debug', about = 'heartbeat' }, { 'none' })
end)

test('the studio hears of trouble, sixty times a minute at most', function(t)
  for _ = 1, 60 do t:logs({ level = 'warn' }, { 'console', 'studio' }) end
  t:logs({ level = 'warn' }, { 'console' })
  t:wait '1m'
  t:logs({ level = 'error' }, { 'console', 'studio' })
end)

test('nothing is written of an unannounced game', function(t)
  t:logs({ job = '8f3c', game = 'unannounced', message = 'a dragon', details = 'model=flux' },
    { 'console', 'file:jobs.jsonl', message = '[hidden]', game = '[hidden]', details = false })
  t:logs({ game = 'tide-runner', message = 'a rock' }, { 'console', message = 'a rock' })
end)
