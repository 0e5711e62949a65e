// Runs a target over stored inputs, without libFuzzer: the files named, and every file of the folders named.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/log.h"
#include "fuzz/fuzz.h"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool replay(const fs::path& file) {
  const auto text = base::read_file(file);
  if (!text) {
    std::fprintf(stderr, "%s\n", text.error().message.c_str());
    return false;
  }
  // The last line of the output is the file that failed.
  std::printf("%s\n", file.c_str());
  std::fflush(stdout);
  // Of exactly this size, so that a read behind the end is seen.
  const std::vector<char> input(text->begin(), text->end());
  fuzz::run({input.data(), input.size()});
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  base::log::set_level(base::log::Level::kError);
  std::size_t done = 0;
  for (int i = 1; i < argc; ++i) {
    for (const fs::path& file : files_of(argv[i])) {
      if (!replay(file)) return 2;
      ++done;
    }
  }
  std::printf("%zu inputs\n", done);
  return done > 0 ? 0 : 2;
}
