test('other people on the card get it back', function(t)
  t:clock '2026-03-24 23:00'
  t:gpu { foreign = { { name = 'Xorg', vram = '900MiB' }, { name = 'chrome', vram = '300MiB' } } }; t:running()
  t:gpu { foreign = { { name = 'resolve', vram = '4GiB' } } }; t:paused 'someone else uses the GPU'
  t:declines({}, 'someone else uses the GPU')
  t:gpu { foreign = {} }; t:wait '2m'; t:paused 'someone else uses the GPU'
  t:wait '1m'; t:running()
end)

test('who uses the card is better unknown than wrong', function(t)
  t:unknown 'foreign_gpu'; t:paused 'someone else uses the GPU'
end)

test('a person at the keyboard comes first, except at night', function(t)
  t:clock '2026-03-24 20:00'
  t:user 'active'; t:paused 'person at the keyboard'
  t:user '4m'; t:wait '5m'; t:paused 'person at the keyboard'
  t:wait '1m'; t:running()
  t:user 'active'; t:clock '2026-03-24 23:00'; t:running()
end)
