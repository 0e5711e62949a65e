test('office hours leave the card to the people', function(t)
  t:gpu { total = '20GiB' }
  t:clock '2026-03-24 14:00'; t:budget '8GiB'
  t:clock '2026-03-24 23:00'; t:budget '18GiB'
  t:accepts { vram = '18GiB' }
  t:declines({ vram = '19GiB' }, 'the bound is 18 GiB')
end)

test('a card of 16 GiB keeps two of them free', function(t)
  t:gpu { total = '16GiB' }
  t:clock '2026-03-28 12:00'; t:budget '14GiB'
end)

test('a hot card does half of the work', function(t)
  t:clock '2026-03-24 23:00'
  t:gpu { total = '20GiB', temperature = 83 }; t:budget '18GiB'
  t:gpu { temperature = 84 }; t:budget '10GiB'
  t:unknown 'temperature'; t:budget '18GiB'
end)
