#pragma once
// Checks a task object against the parameters of its kind, as the studio contract lists them. Pure.

#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace engine_sdk {

/// image, llm, audio_stt, audio_tts, video, mesh.
bool is_known_kind(std::string_view kind);

/// The first parameter that is missing or wrong, in words: "task.width must be a whole number from 0 to 4294967295".
std::optional<std::string> check_task(std::string_view kind, const boost::json::object& task);

}  // namespace engine_sdk
