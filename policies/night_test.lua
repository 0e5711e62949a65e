test('a night does not reset its quota at midnight', function(t)
  t:clock '2026-03-24 23:00'
  t:done { game = 'tide-runner', times = 3 }
  t:clock '2026-03-25 01:00'
  t:declines({ game = 'tide-runner' }, 'quota')
  t:clock '2026-03-25 23:00'
  t:accepts { game = 'tide-runner' }
end)

test('Unreal pauses us for five minutes after it closes', function(t)
  t:clock '2026-03-24 14:00'
  t:app 'UnrealEditor.exe';  t:paused 'artist is working'
  t:no_apps();               t:wait '4m'; t:paused 'artist is working'
  t:wait '2m';               t:running()
end)

test('work is taken at night and at weekends only', function(t)
  t:clock '2026-03-24 14:00'; t:declines({}, 'outside the hours')
  t:clock '2026-03-24 23:00'; t:accepts {}
  t:clock '2026-03-28 14:00'; t:accepts {}
end)

test('what would not finish by the morning is left to others', function(t)
  t:clock '2026-03-25 06:49'; t:accepts {}
  t:clock '2026-03-25 06:55'; t:declines({}, 'would not finish')
  t:clock '2026-03-25 05:00'; t:declines({ est_time = '3h' }, 'would not finish')
end)

test('nothing is taken in release week', function(t)
  t:clock '2026-11-17 23:00'; t:declines({}, 'closed by "release week"')
  t:clock '2026-11-21 23:00'; t:accepts {}
end)
