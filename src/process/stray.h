#pragma once
// Strays: processes that a child program started and that left its process group. Thread: io.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace process {

/// Name of the environment variable that marks a child and, by inheritance, everything below it.
constexpr std::string_view kMarkVariable = "STUDIO_CHILD";

/// What is known of a child that may have strays.
struct Origin {
  std::string mark;              // "STUDIO_CHILD=...", in its environment
  pid_t group = 0;               // its process group; whoever is still in there gets signals the usual way
  std::uint64_t started_at = 0;  // in the kernel's ticks since boot
};

/// Ticks since boot at which `pid` started, 0 when there is no such process.
std::uint64_t start_of(pid_t pid);

/// Kills every process of ours that started after the child, is not in its group, and has its mark: a daemonised
/// grandchild has left the group and has another parent, but it keeps its environment. Returns false while there is one
/// that cannot be told yet, as in the middle of an exec, where a process shows no environment: look again in a moment.
/// Blocking for as long as a walk over /proc takes (a few milliseconds): only after a child has died.
bool kill_strays(const Origin& origin);

/// How often to look again, and how long to wait between two looks, before what shows no environment is let be: it may
/// have none. The kernel maps the program and its loader in between, from a disk in the worst case.
constexpr int kStrayLooks = 20;
constexpr std::chrono::milliseconds kStrayPause{5};

}  // namespace process
