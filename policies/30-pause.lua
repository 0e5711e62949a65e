local worker = require 'worker'
worker.pause_when 'artist is working' {
  apps = { 'UnrealEditor*', 'maya*', 'blender*', 'houdini*' },
  action = 'finish', resume_after = '5m',
}
worker.pause_when 'someone else uses the GPU' {
  foreign_gpu = { min_vram = '512MiB', ignore = { 'Xorg', 'gnome-shell', 'dwm.exe', 'obs64.exe' } },
  action = 'suspend', release_vram = true, resume_after = '3m', if_unknown = 'pause',
}
worker.pause_when 'person at the keyboard' {
  user_active_within = '10m', unless = 'night', action = 'finish',
}
