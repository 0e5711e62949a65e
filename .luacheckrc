-- Policies see LuaJIT's own library and `worker`; their tests see `test` as well. Everything else is a slip.
std = 'luajit'
max_line_length = 120
read_globals = { 'worker' }
exclude_files = { 'tests/hostile', 'tests/scripts/editor', '**/*.d.lua' } -- wrong on purpose; types
files['**/*_test.lua'] = { read_globals = { 'test' } }
