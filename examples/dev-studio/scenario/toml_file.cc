#include "scenario/toml_file.h"

#include <sstream>

#include <toml.hpp>

#include "base/files.h"
#include "scenario/read.h"

namespace scenario {
namespace {

class Converter {
 public:
  explicit Converter(Document& document) : document_(document) {}

  json::object table(const toml::value& value, const std::string& path) {
    json::object object;
    for (const auto& [key, item] : value.as_table()) {
      object[key] = convert(item, path.empty() ? key : path + "." + key);
    }
    return object;
  }

 private:
  json::value convert(const toml::value& value, const std::string& path) {
    const toml::source_location where = value.location();
    document_.places[path] = Place{where.line(), where.column()};
    if (value.is_boolean()) return value.as_boolean();
    if (value.is_integer()) return value.as_integer();
    if (value.is_floating()) return value.as_floating();
    if (value.is_string()) return json::string(value.as_string().str);
    if (value.is_table()) return table(value, path);
    if (value.is_array()) return list(value, path);
    std::ostringstream date;
    date << value;
    return json::string(date.str());
  }

  json::array list(const toml::value& value, const std::string& path) {
    json::array items;
    for (std::size_t i = 0; i < value.as_array().size(); ++i) {
      items.push_back(convert(value.as_array()[i], path + "[" + std::to_string(i) + "]"));
    }
    return items;
  }

  Document& document_;
};

/// toml11 explains over several lines; the first one says what, the rest draws the place that we name ourselves.
std::string first_line(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  constexpr std::string_view kTag = "[error] ";
  if (text.starts_with(kTag)) text.remove_prefix(kTag.size());
  return std::string(text);
}

std::string located(const std::string& name, Place place) {
  return name + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": ";
}

/// The place of `path`, or of the nearest table around it: a key that is missing has no place of its own.
Place place_of(const Document& document, std::string path) {
  while (true) {
    if (const auto found = document.places.find(path); found != document.places.end()) return found->second;
    const std::size_t cut = path.find_last_of(".[");
    if (cut == std::string::npos) return Place{};
    path.resize(cut);
  }
}

}  // namespace

base::Result<Document> parse_toml(const std::string& text, const std::string& name) {
  try {
    std::istringstream stream(text);
    const toml::value root = toml::parse(stream, name);
    Document document;
    document.root = Converter(document).table(root, "");
    return document;
  } catch (const toml::exception& problem) {
    const toml::source_location& where = problem.location();
    return base::Error{base::Code::kInvalid,
                       located(name, Place{where.line(), where.column()}) + first_line(problem.what())};
  } catch (const std::exception& problem) {
    return base::Error{base::Code::kInvalid, located(name, Place{}) + first_line(problem.what())};
  }
}

base::Result<Scenario> load(const std::filesystem::path& file, const json::object& fault_flags) {
  TRY(const std::string text, base::read_file(file));
  TRY(Document document, parse_toml(text, file.string()));
  json::value& faults = document.root.emplace("faults", json::object{}).first->value();
  if (json::object* table = faults.if_object()) {
    for (const auto& [key, value] : fault_flags) {
      (*table)[key] = value;
      document.places.erase("faults." + std::string(key));
    }
  }
  auto scenario = read_scenario(document.root);
  if (scenario) return std::move(*scenario);
  const FieldError& error = scenario.error();
  return base::Error{base::Code::kInvalid,
                     located(file.string(), place_of(document, error.path)) + error.path + " " + error.message};
}

}  // namespace scenario
