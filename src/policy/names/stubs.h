#pragma once
// Stubs: the registry as files for an editor, so that its completion never disagrees with this program. Pure.

#include <string>
#include <string_view>

namespace policy::names {

constexpr std::string_view kTypesFile = "worker.d.lua";
constexpr std::string_view kSettingsFile = ".luarc.json";

/// Types and functions as LuaCATS annotations. No policy: the loader leaves the file out.
std::string editor_types();

/// Settings of a Lua language server: LuaJIT, strict, and without the libraries that a policy does not have.
std::string editor_settings();

/// Whether a file was written by this: its first line says so.
bool is_generated(std::string_view text);

}  // namespace policy::names
