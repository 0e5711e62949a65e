#pragma once
// A TOML file as plain values with their places. The only door to the TOML library, which is slow to compile.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace config {

struct TomlValue;
using TomlArray = std::vector<TomlValue>;
/// By key, in key order.
using TomlTable = std::map<std::string, TomlValue>;

struct TomlValue {
  /// Dates and times come as monostate: no key of ours is one.
  std::variant<std::monostate, bool, std::int64_t, double, std::string, std::shared_ptr<TomlArray>,
               std::shared_ptr<TomlTable>>
      value;
  std::size_t line = 0;
  std::size_t column = 0;

  const TomlTable* table() const;
  const TomlArray* array() const;
  /// "a string", "an integer", ... for messages.
  std::string_view type_name() const;
};

/// The library takes time in the square of the size: a few seconds for this much, minutes for a MiB.
inline constexpr base::Bytes kTomlLimit = 64 * base::kKiB;

/// Errors: kInvalid as "<name>:<line>:<column>: <cause>"; no text of the file is ever part of it. kNotFound and
/// kUnavailable from reading.
base::Result<TomlTable> read_toml(const std::filesystem::path& path, const std::string& name);
base::Result<TomlTable> parse_toml(const std::string& text, const std::string& name);

/// The same value, wherever it stands.
bool same(const TomlValue& left, const TomlValue& right);

/// "config.toml:7:3: <what>".
base::Error at(const std::string& name, const TomlValue& value, const std::string& what);

/// The candidate nearest to a misspelt word, empty when none is near.
std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates);

/// Checked reads for files of fixed shape. Errors: kInvalid with the place and what was expected.
base::Result<std::string> as_text(const std::string& name, std::string_view key, const TomlValue& value);
base::Result<bool> as_flag(const std::string& name, std::string_view key, const TomlValue& value);
base::Result<std::int64_t> as_integer(const std::string& name, std::string_view key, const TomlValue& value,
                                      std::int64_t low, std::int64_t high);
base::Result<double> as_number(const std::string& name, std::string_view key, const TomlValue& value, double low,
                               double high);
base::Result<std::vector<std::string>> as_texts(const std::string& name, std::string_view key, const TomlValue& value);

}  // namespace config
