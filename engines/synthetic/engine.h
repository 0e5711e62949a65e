#pragma once
// The synthetic engine: deterministic answers to all kinds without a model or a GPU.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "engine_sdk/engine.h"
#include "pictures/decode.h"
#include "synthetic/painter.h"

namespace synthetic {

class SyntheticEngine final : public engine_sdk::Engine {
 public:
  engine_sdk::Ready describe(const engine_sdk::Hello& hello) override;
  engine_sdk::LoadOutcome load(const engine_sdk::Model& model) override;
  engine_sdk::Outcome run(const engine_sdk::Job& job, engine_sdk::Progress& progress) override;

 private:
  engine_sdk::Outcome image(const engine_sdk::Job& job);
  engine_sdk::Outcome video(const engine_sdk::Job& job);
  engine_sdk::Outcome chat(const engine_sdk::Job& job, const engine_sdk::Progress& progress);
  engine_sdk::Outcome mesh(const engine_sdk::Job& job);
  std::vector<std::uint8_t> paint(std::string_view prompt);

  std::string model_;
  bool reads_pictures_ = false;
  std::unique_ptr<const Painter> painter_;  // made for the first picture
};

}  // namespace synthetic
