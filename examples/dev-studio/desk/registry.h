#pragma once
// Who may come in: registration requests with approval (contract 1.3, 1.4) and the workers' tokens, stored as hashes.

#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "desk/answer.h"
#include "desk/record.h"
#include "scenario/scenario.h"

namespace desk {

enum class Access : std::uint8_t { kGranted, kUnknownWorker, kWrongToken };

class Registry {
 public:
  /// Valid while `record` lives. Fixed credentials of the settings are known from the start.
  Registry(const scenario::Settings& settings, const scenario::Faults& faults, Record& record);

  Answer request(std::string_view body, std::string_view source, base::SteadyTime now);
  Answer poll(const std::string& id, std::string_view secret, std::string_view source, base::SteadyTime now);
  Access check(const std::string& worker, std::string_view token) const;

  /// The operator's word on a pending request. False: no such request.
  bool approve(const std::string& id);
  bool reject(const std::string& id, const std::string& reason);
  std::vector<std::string> pending() const;
  /// The worker is deleted: unknown from now on. False: it was unknown already.
  bool forget(const std::string& worker) { return tokens_.erase(worker) > 0; }

 private:
  enum class State : std::uint8_t { kPending, kApproved, kRejected };
  struct Request {
    std::string install_id;
    std::string secret_hash;
    State state = State::kPending;
    std::string reason;
    std::string worker;
    std::uint64_t polls = 0;
  };

  bool limited(std::string_view source, base::SteadyTime now);
  /// True while the registration fault still has turns left; takes one.
  bool take_turn();
  Answer approved(Request& request);

  scenario::Registration behaviour_;
  std::uint64_t turns_taken_ = 0;
  bool rate_limit_;
  Record& record_;
  std::map<std::string, std::string> tokens_;  // worker -> hash
  std::map<std::string, Request> requests_;
  std::map<std::string, std::deque<base::SteadyTime>, std::less<>> visits_;
  std::uint64_t next_request_ = 1;
  std::uint64_t next_worker_ = 1;
};

}  // namespace desk
