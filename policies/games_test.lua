test('prototypes stay in-house', function(t)
  t:clock '2026-03-24 23:00'
  t:declines({ game = 'prototype-7' }, 'prototypes stay in-house')
end)

test('Ember Keep has images and texts, two hundred a day', function(t)
  t:clock '2026-03-24 23:00'
  t:accepts { game = 'ember-keep', kind = 'llm' }
  t:declines({ game = 'ember-keep', kind = 'mesh' }, 'kind "mesh"')
  t:done { game = 'ember-keep', times = 200 }
  t:declines({ game = 'ember-keep' }, 'quota of 200 jobs per "day"')
  t:clock '2026-03-25 00:10'
  t:accepts { game = 'ember-keep' }
end)

test('Tide Runner has small jobs only', function(t)
  t:clock '2026-03-24 23:00'
  t:accepts { game = 'tide-runner', vram = '10GiB' }
  t:declines({ game = 'tide-runner', vram = '11GiB' }, '11 GiB')
end)

test('long videos belong on the farm', function(t)
  t:clock '2026-03-24 23:00'
  t:accepts { game = 'wild-coast', kind = 'video', est_time = '5m' }
  t:accepts { game = 'wild-coast', kind = 'video' }
  t:declines({ game = 'wild-coast', kind = 'video', est_time = '6m' }, 'farm')
end)
