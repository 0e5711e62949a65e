#pragma once
// Keeper: numbers the generations of the running worker and keeps them in a Store. Never in the way of a reload: it
// writes on the disk thread, and where it cannot, `trouble` says so. Thread: io.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/async/task_group.h"
#include "base/clock.h"
#include "policy/generations/store.h"

namespace policy::generations {

namespace asio = boost::asio;

class Keeper {
 public:
  /// `folder`: of the store; empty = nothing is kept. `source`: where the policy comes from.
  Keeper(asio::any_io_executor io, asio::any_io_executor disk, base::Clock& clock, std::filesystem::path folder,
         const std::filesystem::path& source);

  /// What the worker before this one left: the generation that was in force, then the others, newest first. Empty when
  /// the policy came from another place. Blocking; once, before anything else.
  std::vector<Kept> open();
  /// See `Store::choose`.
  asio::awaitable<base::Result<Kept>> find(std::optional<std::uint64_t> number);

  /// A new generation comes into force; gives its number. `turned_away`: the fingerprint of what the folder holds, when
  /// that is something else.
  std::uint64_t add(const SourceFiles& files, std::string hash, std::string reason, std::string turned_away = {});
  /// A kept one does, in place of the folder's content.
  void go_back(std::uint64_t number, std::string turned_away);
  /// One that `open` gave does.
  void go_on(std::uint64_t number);
  /// The folder holds what is in force.
  void settle();

  const Mark& in_force() const { return in_force_; }
  std::uint64_t next_number() const { return in_force_.newest + 1; }
  /// Of the last write; empty when it went well.
  const std::string& trouble() const { return trouble_; }
  /// Called (on io) whenever `trouble` changes.
  void on_trouble(std::function<void()> callback) { callback_ = std::move(callback); }

  /// Returns when everything so far is written, or `trouble` says why not.
  asio::awaitable<void> written();

 private:
  asio::awaitable<void> write(std::function<base::Status()> work);
  void write_mark();

  asio::any_io_executor disk_;
  base::Clock& clock_;
  std::shared_ptr<const Store> store_;
  Mark in_force_;
  std::string trouble_;
  std::function<void()> callback_;
  base::TaskGroup tasks_;
};

}  // namespace policy::generations
