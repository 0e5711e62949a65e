#pragma once
// The protocol's messages as JSON: reads what the core sends, writes what an engine answers. Pure.

#include <string>
#include <string_view>
#include <variant>

#include <boost/json.hpp>

#include "engine_sdk/engine.h"

namespace engine_sdk {

/// A member that is missing or has the wrong type, in words: "run.out_dir must be a string".
struct Malformed {
  std::string what;
};

/// The member as text, or nothing when it is missing or no string.
std::string_view text_of(const boost::json::object& frame, std::string_view key);

/// The results refer to the frame.
std::variant<Hello, Malformed> read_hello(const boost::json::object& frame);
std::variant<Model, Malformed> read_load(const boost::json::object& frame);
std::variant<Job, Malformed> read_run(const boost::json::object& frame);

boost::json::object ready_frame(const Ready& ready);
boost::json::object loaded_frame(std::string_view model, const Loaded& loaded);
/// `subject` is "job" or "model".
boost::json::object failed_frame(std::string_view subject, std::string_view id, const Failure& failure);
boost::json::object result_frame(std::string_view job, FileResult result);
boost::json::object result_frame(std::string_view job, JsonResult result);

}  // namespace engine_sdk
