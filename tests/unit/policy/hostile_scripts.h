#pragma once
// Scripts that try to hang, fill, crash or leave the policy runtime. Each is used at load and inside a hook.

#include <array>

namespace policy::test {

struct HostileScript {
  const char* name;
  const char* code;  // statements; `worker` is there
};

/// Every one of them must end in an error that the policy cannot hide.
inline constexpr std::array kHostileScripts = {
    HostileScript{"endless_loop", "while true do end"},
    HostileScript{"loop_in_pcall", "while true do pcall(function() while true do end end) end"},
    HostileScript{"nested_pcall",
                  "local function f() pcall(f) while true do pcall(pcall, pcall, function() while true do end end) end "
                  "end f()"},
    HostileScript{"xpcall_is_absent", "xpcall(function() error('x') end, function() while true do end end)"},
    HostileScript{"coroutine_is_absent", "coroutine.wrap(function() while true do end end)()"},
    HostileScript{"tail_recursion", "local function f() return f() end f()"},
    HostileScript{"deep_recursion", "local function f() return 1 + f() end f()"},
    HostileScript{"mutual_recursion",
                  "local g local function f(x) return 1 + g(x) end g = function(x) return 1 + f(x) "
                  "end f(1)"},
    HostileScript{"setmetatable_is_absent", "setmetatable({}, { __index = function(t, k) return t[k] end })"},
    HostileScript{"table_bomb", "local t = {} while true do t[#t + 1] = { 1, 2, 3, 4, 5, 6, 7, 8 } end"},
    HostileScript{"string_rep", "local s = string.rep('x', 1e9)"},
    HostileScript{"string_rep_method", "local s = ('x'):rep(1e9)"},
    HostileScript{"string_rep_nan", "local s = ('x'):rep(0/0) while true do end"},
    HostileScript{"doubling_concat", "local s = 'x' while true do s = s .. s end"},
    HostileScript{"concat_of_large_parts",
                  "local part = ('x'):rep(2^20) local t = {} for i = 1, 1000 do t[i] = part end "
                  "local s = table.concat(t)"},
    HostileScript{"memory_bomb_in_pcall",
                  "while true do pcall(function() local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end "
                  "end) end"},
    HostileScript{"tiny_closures", "local t = {} for i = 1, 1e7 do t[i] = function() return i end end"},
    HostileScript{
        "large_compares",
        "local a = ('x'):rep(2^20) .. 'a' local b = ('x'):rep(2^20) .. 'b' while true do local c = a < b end"},
    HostileScript{"large_joins", "local a = ('x'):rep(2^20) while true do local b = a .. a .. a end"},
    HostileScript{"upper_of_large_text", "local a = ('x'):rep(2^20) while true do local b = a:upper() end"},
    HostileScript{"optional_items",
                  "local p = ('a?'):rep(30) .. ('a'):rep(30) while true do local x = ('a'):rep(30):find(p) end"},
    HostileScript{"star_chain", "local x = ('a'):rep(200):match('.*.*.*.*.*.*b') while true do end"},
    HostileScript{"minus_chain", "local x = ('a'):rep(500):match('.-.-.-.-.-.-b')"},
    HostileScript{"balanced", "local s = ('('):rep(2^18) while true do local x = s:find('%b()') end"},
    HostileScript{"gmatch", "for _ in ('a'):rep(300):gmatch('.-.-.-.-b') do end while true do end"},
    HostileScript{"gsub_pattern", "local x = ('a'):rep(300):gsub('.-.-.-.-b', '')"},
    HostileScript{"gsub_callback_recursion",
                  "local function f() return (('a'):gsub('a', f)) end local x = ('a'):gsub('a', f)"},
    HostileScript{"sort_comparator_recursion",
                  "local function f(a, b) local t = { 2, 1 } table.sort(t, f) return a < b end "
                  "local t = { 2, 1 } table.sort(t, f)"},
    HostileScript{"unpack", "local x = { unpack({}, 1, 1e7) }"},
    HostileScript{"wide_formats", "local x = string.format('%999999999d', 1)"},
    HostileScript{"error_nil", "error(nil)"},
    HostileScript{"error_table", "error({ text = 'x' })"},
    HostileScript{"error_function", "error(function() while true do end end)"},
    HostileScript{"error_large", "error(('x'):rep(2^20))"},
    HostileScript{"newproxy_is_absent", "newproxy(true)"},
    HostileScript{"collectgarbage_is_absent", "collectgarbage('stop')"},
    HostileScript{"string_metatable", "getmetatable('').__index = nil"},
    HostileScript{"write_global", "pairs = nil"},
    HostileScript{"write_library", "string.find = nil"},
    HostileScript{"write_worker", "worker.decline = nil"},
    HostileScript{"write_by_insert", "table.insert(math, 1)"},
    HostileScript{"globals_table", "_G.x = 1"},
    HostileScript{"getfenv_is_absent", "getfenv(1).x = 1"},
    HostileScript{"setfenv_is_absent", "setfenv(1, {})"},
    HostileScript{"rawset_is_absent", "rawset(string, 'x', 1)"},
    HostileScript{"rawget_is_absent", "rawget(string, 'x')"},
    HostileScript{"debug_is_absent", "debug.sethook()"},
    HostileScript{"require_ffi", "require 'ffi'"},
    HostileScript{"require_jit", "require 'jit'"},
    HostileScript{"require_os", "require 'os'"},
    HostileScript{"require_parent", "require '../x'"},
    HostileScript{"require_absolute", "require '/etc/passwd'"},
    HostileScript{"require_zero_byte", "require 'worker\\0x'"},
    HostileScript{"load_is_absent", "load('return 1')"},
    HostileScript{"loadstring_is_absent", "loadstring('return 1')"},
    HostileScript{"dofile_is_absent", "dofile('/etc/passwd')"},
    HostileScript{"string_dump_is_absent", "string.dump(function() end)"},
    HostileScript{"method_dump_is_absent", "local f = ('x').dump"},
    HostileScript{"os_execute", "os.execute('true')"},
    HostileScript{"os_exit", "os.exit(0)"},
    HostileScript{"io_open", "io.open('/etc/passwd')"},
    HostileScript{"io_popen", "io.popen('true')"},
    HostileScript{"package_is_absent", "package.loadlib('x', 'y')"},
    HostileScript{"module_is_absent", "module('x')"},
    HostileScript{"newline_in_note", "worker.note('a\\nb')"},
    HostileScript{"ten_megabyte_note", "worker.note(('x'):rep(2^20))"},
    HostileScript{"endless_notes", "while true do worker.note 'x' end"},
    HostileScript{"endless_verdicts", "while true do worker.decline 'x' end"},
    HostileScript{"endless_pairs", "local t = {} for i = 1, 1000 do t[i] = i end while true do pairs(t) end"},
    HostileScript{"endless_next", "local t = {} for i = 1, 1000 do t[i] = i end while true do next(t) end"},
    HostileScript{"wrong_argument", "worker.minutes({})"},
    HostileScript{"cyclic_unpack", "local t = {} t[1] = t unpack(t)()"},
};

}  // namespace policy::test
