#pragma once
// The command line's side of the control socket. Blocking; for short-lived commands only.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace control {

/// Where the worker of a configuration listens: one name per configuration folder, so that several workers of one
/// user never meet.
std::filesystem::path socket_path(const std::filesystem::path& runtime_folder,
                                  const std::filesystem::path& config_file);

/// Sends one request object and returns the answer object.
/// Errors: kNotFound when no worker runs there, kRejected when it refused, kTimeout after 5 s.
base::Result<std::string> ask(const std::filesystem::path& socket, std::string_view request);

/// Sends one request object and hands every line of the answer to `use`, the first one too, until `use` returns
/// false, or the descriptor `stop` can be read.
/// Errors: as `ask`, when the first line is no yes; kUnavailable when the worker ends the connection, kCorrupt
/// when a line is too long.
base::Status follow(const std::filesystem::path& socket, std::string_view request, int stop,
                    const std::function<bool(std::string_view)>& use);

/// Whether a process that lives listens on the socket file.
bool is_answering(const std::filesystem::path& socket);

}  // namespace control
