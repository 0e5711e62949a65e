#pragma once
// What the policy benches have in common: an offer, policies to write, and percentiles.

#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>

#include "base/clock.h"
#include "job/offer.h"
#include "policy/policy_host.h"

namespace bench {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace json = boost::json;

struct Setting {
  fs::path policy_host;  // the program
  fs::path folder;       // for what a bench writes
  std::size_t count = 0;
};

job::Offer make_offer(std::size_t number = 0);
job::Facts make_facts();

/// A policy of 25 declarations and 25 functions, of which none objects.
std::string fifty_rules();
/// A policy of 50 functions, of which none objects.
std::string fifty_functions();

void write(const fs::path& path, std::string_view text);

/// p50, p95 and p99 in microseconds, and how many there were.
json::object percentiles(std::vector<base::Duration> times);

/// Runs the coroutine on an event loop of its own until it is done.
void run(const std::function<asio::awaitable<void>(asio::any_io_executor)>& work);

/// Ends the program: a bench whose parts do not work measures nothing.
[[noreturn]] void give_up(const std::string& why);

/// Decisions in this process and through the child.
json::object decisions(const Setting& setting);
/// One folder saved again and again while offers are decided.
json::object reloads(const Setting& setting);
/// Saves that stall half way, as editors and scripts do them, many folders side by side.
json::object saves(const Setting& setting);
/// Writes decision records of a busy worker into the folder.
json::object records(const Setting& setting);

}  // namespace bench
