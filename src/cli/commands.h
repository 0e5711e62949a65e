#pragma once
// The commands of studio-worker. Each prints to stdout, errors to stderr, and returns its exit code.

#include <string>

#include "config/command_line.h"
#include "config/load.h"

namespace cli {

int run_command(const config::Invocation& invocation, const std::string& version);

// Commands that read: state, configuration, policies, engines.
int show_status(const config::Invocation& invocation, const config::Loaded& loaded);
int show_config(const config::Invocation& invocation, const config::Loaded& loaded);
int check_config(const config::Invocation& invocation, const config::Loaded& loaded);
int list_engines(const config::Invocation& invocation, const config::Loaded& loaded);
int check_policy(const config::Invocation& invocation, const config::Loaded& loaded);
int explain_policy(const config::Invocation& invocation, const config::Loaded& loaded);
int describe_policy(const config::Invocation& invocation, const config::Loaded& loaded);
int simulate_policy(const config::Invocation& invocation, const config::Loaded& loaded);

// Commands that change config.toml.
int register_worker(const config::Invocation& invocation, const config::Loaded& loaded);
int set_threshold(const config::Invocation& invocation, const config::Loaded& loaded);
int set_enabled(const config::Loaded& loaded, bool enabled);

// Commands to the running worker.
int pause_worker(const config::Invocation& invocation, const config::Loaded& loaded);
int resume_worker(const config::Loaded& loaded);
int drain_worker(const config::Invocation& invocation, const config::Loaded& loaded);

}  // namespace cli
