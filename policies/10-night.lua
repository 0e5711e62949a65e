local worker = require 'worker'
worker.zone 'Europe/Berlin'
worker.window 'night'   { from = '22:00', to = '07:00' }
worker.window 'weekend' { from = 'fri 20:00', to = 'mon 07:00' }
worker.window 'office'  { days = 'mon-fri', from = '09:00', to = '19:00' }
worker.dates 'release week' { '2026-11-16 .. 2026-11-20' }
worker.accept_during {
  'night', 'weekend',
  except = { 'release week' },
  finish_before_end = '10m',
}
