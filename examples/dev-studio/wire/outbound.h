#pragma once
// The frames that the studio sends (contract 2.6), and unreadable ones for those who ask for garbage.

#include <cstdint>
#include <string>
#include <string_view>

#include "scenario/scenario.h"

namespace wire {

std::string welcome(std::string_view worker, std::string_view server_time);
std::string heartbeat_ack();
std::string complete_ack(std::string_view job);
std::string fail_ack(std::string_view job);
std::string error(std::string_view code, std::string_view message);
std::string offer(std::string_view claim);
std::string garbage(scenario::Garbage kind);

/// The error code that goes with a close code (contract 2.7), empty for codes that have none.
std::string_view error_code_for(std::uint16_t close_code);

}  // namespace wire
