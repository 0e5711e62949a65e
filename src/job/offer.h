#pragma once
// Offer: one claim of the studio, checked and typed. A value; no I/O.

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "job/kind.h"

namespace job {

struct ModelFile {
  std::string role;  // diffusion-model, text-encoder, text-encoder-vision, vae, lora, model, labels
  std::string url;
  std::string filename;  // a bare name: no separator, no "..", checked by protocol
  std::optional<base::Bytes> approx_bytes;
  std::string sha256;  // lower-case hex, empty when the studio gave none
};

struct ModelSource {
  std::string engine;  // the wire's spelling: sd-cpp, llama-cpp, onnx, torch, synthetic, ...
  std::vector<ModelFile> files;
  std::string defaults;  // cliDefaults as JSON text
};

/// Something that the core fetches for the engine before it runs.
struct Input {
  std::string name;  // image, images, initImage, mask, refImage
  std::size_t index = 0;
  std::string url;  // https, loopback http or data:
};

/// What policies and estimates may ask of a task; absent where the kind has no such thing.
struct TaskFacts {
  std::optional<std::uint32_t> width;
  std::optional<std::uint32_t> height;
  std::optional<std::uint32_t> steps;
  std::optional<double> seconds;
  std::optional<std::uint64_t> chars;  // length of the full prompt in bytes
  std::optional<std::uint32_t> max_tokens;
};

struct Offer {
  base::JobId id;
  base::GameId game;
  std::string asset;
  base::ModelId model;
  double vram_gb = 0;  // vramGbEstimate, GiB
  Kind kind = Kind::kImage;
  std::string
      task;  // the task object exactly as the studio wrote it: up to the message limit, so it is moved, not copied
  TaskFacts facts;
  std::vector<Input> inputs;
  ModelSource source;
};

/// 32 hex characters that tell one task from another (XXH3, 128 bits): "is this the job I already did?".
std::string task_hash(const Offer& offer);

/// vramGbEstimate in bytes, rounded up.
base::Bytes vram_bytes(const Offer& offer);

}  // namespace job
