// The simulator: whole workers in simulated hours, one per seed. See README.md.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <mutex>
#include <thread>
#include <unistd.h>

#include <cxxopts.hpp>

#include "base/files.h"
#include "simulation/world.h"

namespace {

using namespace simulation;

struct Arguments {
  std::uint64_t first = 1;
  std::uint64_t seeds = 1;
  unsigned jobs = 1;
  bool print = false;
  bool twice = false;
  std::bitset<kFaults> faults;
};

cxxopts::Options command_line() {
  cxxopts::Options options("simulation", "Runs whole workers against a model studio on a virtual clock.\n");
  auto add = options.add_options();
  add("seed", "one seed, with its trace", cxxopts::value<std::uint64_t>(), "N");
  add("seeds", "so many seeds", cxxopts::value<std::uint64_t>()->default_value("100"), "N");
  add("first", "the first of them", cxxopts::value<std::uint64_t>()->default_value("1"), "N");
  add("jobs", "processors to use", cxxopts::value<unsigned>()->default_value("1"), "N");
  add("faults", "which faults seeds choose from", cxxopts::value<std::string>()->default_value("all"), "LIST");
  add("plant", "a bug put in on purpose, or all: found is success", cxxopts::value<std::string>(), "BUG");
  add("twice", "run each seed two times; another trace is a failure");
  add("log", "the worker's own log on stderr");
  add("help", "this text");
  return options;
}

Outcome run_seed(std::uint64_t seed, const Arguments& arguments, Plant plant, const base::TempDir& folder) {
  Plan plan = make_plan(seed, arguments.faults);
  plan.plant = plant;
  const auto state = folder.path() / ("seed-" + std::to_string(seed));
  auto outcome = World(plan, state, arguments.print).run();
  std::error_code ignored;
  std::filesystem::remove_all(state, ignored);
  return outcome;
}

void print_failure(std::uint64_t seed, const Outcome& outcome) {
  std::printf("seed %llu FAILED\n", static_cast<unsigned long long>(seed));
  for (const auto& violation : outcome.violations) std::printf("  %s\n", violation.c_str());
  std::printf("  replay: scripts/sim --seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
}

/// A run of many seeds says once a minute how far it is.
class Progress {
 public:
  explicit Progress(std::uint64_t all) : all_(all) {}
  void step(std::uint64_t failed) {
    ++done_;
    const auto now = std::chrono::steady_clock::now();
    if (now - told_ < std::chrono::minutes(1)) return;
    told_ = now;
    std::printf("%llu of %llu seeds, %llu failed\n", static_cast<unsigned long long>(done_),
                static_cast<unsigned long long>(all_), static_cast<unsigned long long>(failed));
    std::fflush(stdout);
  }

 private:
  std::uint64_t all_;
  std::uint64_t done_ = 0;
  std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

/// Exit code 1 when a seed failed.
int run_seeds(const Arguments& arguments, const base::TempDir& folder) {
  std::atomic<std::uint64_t> next = arguments.first;
  std::mutex output;
  Outcome sum;
  std::uint64_t failed = 0;
  Progress progress(arguments.seeds);
  const auto start = std::chrono::steady_clock::now();
  const auto work = [&] {
    for (;;) {
      const std::uint64_t seed = next++;
      if (seed >= arguments.first + arguments.seeds) return;
      Outcome outcome = run_seed(seed, arguments, Plant::kNone, folder);
      if (arguments.twice && run_seed(seed, arguments, Plant::kNone, folder).digest != outcome.digest) {
        outcome.violations.emplace_back("the second run had another trace");
      }
      const std::lock_guard lock(output);
      sum.events += outcome.events;
      sum.jobs += outcome.jobs;
      sum.lives += outcome.lives;
      sum.digest ^= outcome.digest;
      if (!outcome.violations.empty()) {
        ++failed;
        print_failure(seed, outcome);
      }
      progress.step(failed);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < arguments.jobs; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%llu seeds in %.1f s, %llu failed: %llu jobs, %llu worker processes, %llu events, digest %016llx\n",
              static_cast<unsigned long long>(arguments.seeds), took.count(), static_cast<unsigned long long>(failed),
              static_cast<unsigned long long>(sum.jobs), static_cast<unsigned long long>(sum.lives),
              static_cast<unsigned long long>(sum.events), static_cast<unsigned long long>(sum.digest));
  return failed == 0 ? 0 : 1;
}

/// A planted bug is found when one of the seeds fails by it.
bool finds(Plant plant, const Arguments& arguments, const base::TempDir& folder) {
  for (std::uint64_t seed = arguments.first; seed < arguments.first + arguments.seeds; ++seed) {
    const Outcome outcome = run_seed(seed, arguments, plant, folder);
    if (outcome.violations.empty()) continue;
    std::printf("%-16s found by seed %llu: %s\n", std::string(to_string(plant)).c_str(),
                static_cast<unsigned long long>(seed), outcome.violations.front().c_str());
    return true;
  }
  std::printf("%-16s NOT FOUND by %llu seeds\n", std::string(to_string(plant)).c_str(),
              static_cast<unsigned long long>(arguments.seeds));
  return false;
}

std::vector<Plant> plants_named(const std::string& name) {
  std::vector<Plant> plants;
  for (const auto plant : kPlants) {
    if (name == "all" || name == to_string(plant)) plants.push_back(plant);
  }
  return plants;
}

/// Thousands of simulated failures are logged as errors; only the reader of one seed wants them.
void silence_log() {
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (null >= 0) ::dup2(null, STDERR_FILENO);
  base::log::set_level(base::log::Level::kError);
}

int simulate(const cxxopts::ParseResult& parsed, const Arguments& arguments) {
  const auto folder = base::TempDir::create("simulation");
  if (!folder) return std::fprintf(stderr, "error: %s\n", folder.error().message.c_str()), 71;
  const bool planted = parsed.count("plant") > 0;
  const auto plants = planted ? plants_named(parsed["plant"].as<std::string>()) : std::vector<Plant>();
  if (planted && plants.empty()) {
    std::string known;
    for (const auto plant : kPlants) known += " " + std::string(to_string(plant));
    return std::fprintf(stderr, "error: --plant: no such bug; there are: all%s\n", known.c_str()), 2;
  }
  if (parsed.count("log") == 0) silence_log();
  if (!planted) return run_seeds(arguments, *folder);
  bool all = true;
  for (const auto plant : plants) all = finds(plant, arguments, *folder) && all;
  return all ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  const auto parsed = command_line().parse(argc, argv);
  if (parsed.count("help") > 0) return std::printf("%s", command_line().help().c_str()), 0;
  auto faults = parse_faults(parsed["faults"].as<std::string>());
  if (!faults) return std::fprintf(stderr, "error: --faults: %s\n", faults.error().message.c_str()), 2;
  Arguments arguments;
  arguments.faults = *faults;
  arguments.first = parsed["first"].as<std::uint64_t>();
  arguments.seeds = parsed["seeds"].as<std::uint64_t>();
  arguments.twice = parsed.count("twice") > 0;
  arguments.jobs = std::max(1U, parsed["jobs"].as<unsigned>());
  if (parsed.count("seed") > 0) {
    arguments.first = parsed["seed"].as<std::uint64_t>();
    arguments.seeds = 1;
    arguments.print = parsed.count("plant") == 0;
  }
  ::setenv("TMPDIR", ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", 0);
  return simulate(parsed, arguments);
} catch (const cxxopts::exceptions::exception& mistake) {
  return std::fprintf(stderr, "error: %s\n", mistake.what()), 2;
}
