#pragma once
// What of Lua's own library a policy has: functions that end soon, cannot reach the machine, and never call back into
// Lua from C. What is not listed does not exist.

#include "policy/names/functions.h"
#include "policy/names/words.h"

namespace policy::names {

/// Without `require`, which is a function of the policy's folder.
inline constexpr std::array kBaseFunctions = {
    Function{
        "assert", "Raises `message` unless `value` holds.", {{{"value", "any"}, {"message", "any", {}, true}}}, "any"},
    Function{"error", "Ends the hook with an error.", {{{"message", "any"}, {"level", "integer", {}, true}}}},
    Function{"ipairs", "Goes through a list.", {{{"list", "table"}}}, "fun(list: table, i?: integer): integer, any"},
    Function{"next",
             "The next key and value, in an order of its own that never changes.",
             {{{"table", "table"}, {"key", "any", {}, true}}},
             "any"},
    Function{"pairs",
             "Goes through a table, in an order of its own that never changes.",
             {{{"table", "table"}}},
             "fun(table: table, key?: any): any, any"},
    Function{"pcall",
             "Calls a function: true and its results, or false and the error.",
             {{{"call", "function"}, {"...", "any"}}},
             "boolean, any"},
    Function{"select",
             "The arguments from a place on, or with '#' their number.",
             {{{"place", "integer|'#'"}, {"...", "any"}}},
             "any"},
    Function{"tonumber",
             "The number that a text holds, or nil.",
             {{{"value", "any"}, {"base", "integer", {}, true}}},
             "number?"},
    Function{"tostring", "As text.", {{{"value", "any"}}}, "string"},
    Function{"type",
             "'nil', 'number', 'string', 'boolean', 'table', 'function' or 'userdata'.",
             {{{"value", "any"}}},
             "string"},
    Function{"unpack", "The entries of a list as values.", {{{"list", "table"}, {"from", "integer", {}, true}}}, "any"},
};

// Taken over from the C library as they are; those that policies have in a form of their own are not among them.
constexpr std::array<Word, 28> kMath = {
    "abs",   "acos", "asin",  "atan", "atan2", "ceil", "cos", "cosh", "deg", "exp", "floor", "fmod", "frexp", "huge",
    "ldexp", "log",  "log10", "max",  "min",   "modf", "pi",  "pow",  "rad", "sin", "sinh",  "sqrt", "tan",   "tanh"};
constexpr std::array<Word, 8> kString = {"byte", "char", "format", "len", "lower", "reverse", "sub", "upper"};
constexpr std::array<Word, 12> kBit = {"arshift", "band", "bnot", "bor",    "bswap", "bxor",
                                       "lshift",  "rol",  "ror",  "rshift", "tobit", "tohex"};

/// A name that people who know Lua will try, and what there is in its place.
struct Absent {
  std::string_view name;
  const char* advice;
};
inline constexpr std::array kAbsent = {
    Absent{"print", "use worker.note('text'), which shows up in the explanation"},
    Absent{"io", "policies cannot touch files"},
    Absent{"os", "policies cannot touch the machine; use worker.window and worker.in_window for times"},
    Absent{"debug", "policies cannot inspect the runtime"},
    Absent{"package", "use require 'name' for a file beside this one"},
    Absent{"ffi", "policies cannot call C"},
    Absent{"jit", "policies run in the interpreter"},
    Absent{"coroutine", "a hook gives its verdict at once"},
    Absent{"load", "put the code into a file beside this one"},
    Absent{"loadstring", "put the code into a file beside this one"},
    Absent{"dofile", "use require 'name' for a file beside this one"},
    Absent{"setmetatable", "use plain tables and functions"},
    Absent{"getmetatable", "use plain tables and functions"},
    Absent{"_G", "names are local; share values by require 'name'"}};

/// Libraries that an editor would offer and a policy does not have. "basic" are the functions without a table in front:
/// those that exist are listed above.
constexpr std::array<Word, 10> kAbsentLibraries = {"basic", "bit32", "coroutine", "debug",   "ffi",
                                                   "io",    "jit",   "os",        "package", "utf8"};

}  // namespace policy::names
