#pragma once
// The names under which this machine and its user appear at the studio.

#include <string>
#include <sys/types.h>

namespace machine {

/// The host's name; `unknown-host` when it has none.
std::string host_name();

/// The name of the user this process acts as: from the user database, else $USER or $LOGNAME, else `unknown-user`.
std::string user_name();
std::string user_name(uid_t user);

}  // namespace machine
