-- Patterns that take exponential time in C.
local case = require 'case'

local optional = ('a?'):rep(30) .. ('a'):rep(30)
local subject = ('a'):rep(30)

case.error('17-find-optional-items', 'takes too long', function()
  local _ = subject:find(optional)
end)

case.error('17-match-optional-items', 'takes too long', function()
  local _ = subject:match(optional)
end)

case.error('17-gmatch-optional-items', 'takes too long', function()
  for _ in subject:gmatch(optional) do end
end)

case.error('17-gsub-optional-items', 'takes too long', function()
  local _ = subject:gsub(optional, '')
end)

case.limit('17-optional-items-in-pcall', function()
  while true do
    pcall(string.find, subject, optional)
  end
end)

case.error('17-chain-of-stars', 'takes too long', function()
  local _ = ('a'):rep(200):find('.*.*.*.*.*.*b')
end)

case.error('17-chain-of-minus', 'takes too long', function()
  local _ = ('a'):rep(300):match('.-.-.-.-b')
end)

case.error('17-balance', 'takes too long', function()
  local _ = ('('):rep(2 ^ 9):rep(2 ^ 9):gsub('%b()', '')
end)

case.error('17-frontier', 'takes too long', function()
  local _ = ('a'):rep(2 ^ 9):rep(2 ^ 9):find('%f[b].*.*')
end)

case.error('17-long-set-at-a-frontier', 'takes too long', function()
  local _ = ('a'):rep(2 ^ 9):rep(2 ^ 9):find('%f[' .. ('b'):rep(2 ^ 18) .. ']')
end)

case.error('17-long-set-behind-the-end', 'takes too long', function()
  local _ = ('a'):rep(100):find('.*.*.*[' .. ('b'):rep(2 ^ 9):rep(2 ^ 9) .. ']')
end)

case.error('17-long-reference', 'takes too long', function()
  local _ = ('a'):rep(2 ^ 9):rep(2 ^ 9):find('(a*)%1%1b')
end)

case.error('17-deep-pattern', 'too complex', function()
  local _ = ('a'):rep(1000):find(('a?'):rep(1000))
end)

case.error('17-many-captures', 'too many captures', function()
  local _ = ('a'):rep(100):find(('()'):rep(100))
end)

case.error('17-plain-find', 'takes too long', function()
  local text = ('a'):rep(2 ^ 10):rep(2 ^ 10)
  local _ = text:find(('a'):rep(2 ^ 10):rep(2 ^ 9) .. 'b', 1, true)
end)
