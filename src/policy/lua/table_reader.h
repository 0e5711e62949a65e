#pragma once
// TableReader: the table of a declaration, read strictly. Unknown keys and wrong types are errors.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lua.hpp>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "policy/names/name.h"

namespace policy::lua {

/// A string of the policy that will be shown: no control characters, at most 200 bytes.
base::Result<std::string> read_text(lua_State* lua, int index, std::string_view what);

/// Leaves values on the stack: the caller gives its stack back as a whole, also when Lua raises in between.
class TableReader {
 public:
  /// `what` names the declaration in messages: "worker.game 'ember-keep'".
  /// Errors: not a table, a key that is not in `keys`, a position where `list` is false.
  static base::Result<TableReader> open(lua_State* lua, int index, std::string what, std::span<const names::Name> keys,
                                        bool list);

  bool has(const char* key) const;
  base::Result<std::optional<std::string>> text(const char* key) const;
  base::Result<std::optional<bool>> flag(const char* key) const;
  base::Result<std::optional<base::Bytes>> size(const char* key) const;
  base::Result<std::optional<base::Duration>> span(const char* key) const;
  /// From 0 on.
  base::Result<std::optional<double>> number(const char* key) const;
  /// A whole number from 1 on.
  base::Result<std::optional<std::uint64_t>> count(const char* key) const;
  /// A table inside of this one.
  base::Result<std::optional<TableReader>> table(const char* key, std::span<const names::Name> keys) const;
  /// A list of strings, or one string alone.
  base::Result<std::vector<std::string>> texts(const char* key) const;
  /// The positions 1, 2, ... of the table itself.
  base::Result<std::vector<std::string>> list() const;

  /// A list of whole numbers from 0 to 1000, or one alone.
  base::Result<std::vector<std::uint32_t>> indices(const char* key) const;

  base::Error error(std::string_view key, std::string_view problem) const;

 private:
  TableReader(lua_State* lua, int index, std::string what, std::span<const names::Name> keys)
      : lua_(lua), index_(index), what_(std::move(what)), keys_(keys) {}
  /// Puts its value on the stack. Requires: it is one of the keys.
  void get(const char* key) const;
  base::Result<std::vector<std::string>> list_at(int index, std::string_view key) const;

  lua_State* lua_;
  int index_;
  std::string what_;
  std::span<const names::Name> keys_;
};

}  // namespace policy::lua
