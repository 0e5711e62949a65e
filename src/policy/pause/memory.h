#pragma once
// Memory: the Keeper of a running worker, written down, so that a restart does not cut a resume_after short. A change
// of what pauses is written at once, and the rest at the end. Thread: io.

#include <filesystem>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/async/task_group.h"
#include "base/clock.h"
#include "policy/pause/keeper.h"

namespace policy::pause {

namespace asio = boost::asio;

class Memory {
 public:
  /// `folder`: where it is kept; empty = nowhere.
  Memory(asio::any_io_executor io, asio::any_io_executor disk, base::Clock& clock, const std::filesystem::path& folder);

  /// What the worker before this one left; what cannot be read counts as nothing. Blocking; once, before any update.
  void open();
  /// See Keeper::update.
  Pause update(rules::RuleSet& rules, const job::MachineFacts& facts, base::WallTime wall);
  /// Writes when each pause ended, too. Nothing is written before `open`.
  asio::awaitable<void> close();

 private:
  void write();
  asio::awaitable<void> store(std::string text);

  asio::any_io_executor disk_;
  base::Clock& clock_;
  std::filesystem::path file_;  // empty = nothing is kept
  Keeper keeper_;
  bool open_ = false;
  std::vector<std::string> written_;  // titles
  std::string trouble_;
  base::TaskGroup tasks_;
};

}  // namespace policy::pause
