#include "synthetic/cube.h"

#include <array>
#include <string_view>
#include <utility>

#include "pictures/encode.h"
#include "synthetic/bytes.h"

namespace synthetic {
namespace {

constexpr std::size_t kGeometryBytes = 840;
constexpr std::uint32_t kTextureSide = 64;
constexpr std::uint32_t kCellSide = 16;

/// Each corner as the signs of its x, y and z.
struct Face {
  std::array<float, 3> normal{};
  std::array<std::string_view, 4> corners;
};

constexpr std::array<Face, 6> kFaces{{{{1, 0, 0}, {"+-+", "+--", "++-", "+++"}},
                                      {{-1, 0, 0}, {"---", "--+", "-++", "-+-"}},
                                      {{0, 1, 0}, {"-++", "+++", "++-", "-+-"}},
                                      {{0, -1, 0}, {"---", "+--", "+-+", "--+"}},
                                      {{0, 0, 1}, {"--+", "+-+", "+++", "-++"}},
                                      {{0, 0, -1}, {"+--", "---", "-+-", "++-"}}}};

// The texture file lies behind the geometry in the BIN chunk; both sizes depend on it.
constexpr std::string_view kBeforeTextureSize =
    R"({"accessors":[{"bufferView":0,"componentType":5126,"count":24,"max":[0.5,0.5,0.5],"min":[-0.5,-0.5,-0.5],)"
    R"("type":"VEC3"},{"bufferView":1,"componentType":5126,"count":24,"type":"VEC3"},)"
    R"({"bufferView":2,"componentType":5126,"count":24,"type":"VEC2"},)"
    R"({"bufferView":3,"componentType":5123,"count":36,"type":"SCALAR"}],)"
    R"("asset":{"generator":"studio-worker synthetic","version":"2.0"},)"
    R"("bufferViews":[{"buffer":0,"byteLength":288,"byteOffset":0,"target":34962},)"
    R"({"buffer":0,"byteLength":288,"byteOffset":288,"target":34962},)"
    R"({"buffer":0,"byteLength":192,"byteOffset":576,"target":34962},)"
    R"({"buffer":0,"byteLength":72,"byteOffset":768,"target":34963},{"buffer":0,"byteLength":)";
constexpr std::string_view kBeforeBufferSize = R"(,"byteOffset":840}],"buffers":[{"byteLength":)";
constexpr std::string_view kRest =
    R"(}],"images":[{"bufferView":4,"mimeType":"image/png"}],)"
    R"("materials":[{"pbrMetallicRoughness":{"baseColorTexture":{"index":0},"metallicFactor":0.0,)"
    R"("roughnessFactor":0.8}}],"meshes":[{"primitives":[{"attributes":{"NORMAL":1,"POSITION":0,"TEXCOORD_0":2},)"
    R"("indices":3,"material":0}]}],"nodes":[{"mesh":0,"name":"cube"}],"scene":0,"scenes":[{"nodes":[0]}],)"
    R"("textures":[{"source":0}]})";

constexpr std::size_t padded(std::size_t size) {
  return (size + 3) / 4 * 4;
}

/// A chessboard of the colour and its darker half.
std::vector<std::uint8_t> texture(const pictures::Colour& colour) {
  std::vector<std::uint8_t> pixels;
  pixels.reserve(std::size_t{kTextureSide} * kTextureSide * 3);
  for (std::uint32_t y = 0; y < kTextureSide; ++y) {
    for (std::uint32_t x = 0; x < kTextureSide; ++x) {
      const bool light = (x / kCellSide + y / kCellSide) % 2 == 0;
      for (const std::uint8_t channel : colour) {
        pixels.push_back(light ? channel : static_cast<std::uint8_t>(channel / 2));
      }
    }
  }
  return pixels;
}

}  // namespace

std::string cube_json(std::size_t texture_bytes) {
  std::string text(kBeforeTextureSize);
  text.append(std::to_string(texture_bytes)).append(kBeforeBufferSize);
  text.append(std::to_string(kGeometryBytes + padded(texture_bytes))).append(kRest);
  return text;
}

std::vector<std::uint8_t> cube_geometry() {
  constexpr std::array<std::array<float, 2>, 4> kTextureCorners{{{0, 1}, {1, 1}, {1, 0}, {0, 0}}};
  constexpr std::array<std::uint16_t, 6> kTriangles{0, 1, 2, 0, 2, 3};
  LittleEndian out(kGeometryBytes);
  for (const Face& face : kFaces) {
    for (const std::string_view corner : face.corners) {
      for (const char sign : corner) out.number(sign == '+' ? 0.5F : -0.5F);
    }
  }
  for (const Face& face : kFaces) {
    for (std::size_t corner = 0; corner < face.corners.size(); ++corner) {
      for (const float component : face.normal) out.number(component);
    }
  }
  for (std::size_t face = 0; face < kFaces.size(); ++face) {
    for (const auto& corner : kTextureCorners) {
      for (const float coordinate : corner) out.number(coordinate);
    }
  }
  for (std::size_t face = 0; face < kFaces.size(); ++face) {
    for (const std::uint16_t index : kTriangles) out.number(static_cast<std::uint16_t>(4 * face + index));
  }
  return std::move(out).take();
}

tl::expected<std::vector<std::uint8_t>, std::string> cube(const pictures::Colour& colour) {
  const std::vector<std::uint8_t> pixels = texture(colour);
  const auto png = pictures::encode_png({kTextureSide, kTextureSide, pixels});
  if (!png) return tl::unexpected(png.error());
  const std::string json = cube_json(png->size());
  const std::size_t binary = kGeometryBytes + padded(png->size());
  const std::size_t total = 12 + 8 + padded(json.size()) + 8 + binary;

  LittleEndian file(total);
  file.text("glTF");
  file.number(std::uint32_t{2});
  file.number(static_cast<std::uint32_t>(total));
  file.number(static_cast<std::uint32_t>(padded(json.size())));
  file.text("JSON");
  file.text(json);
  file.pad(' ');
  file.number(static_cast<std::uint32_t>(binary));
  file.text(std::string_view("BIN\0", 4));
  file.bytes(cube_geometry());
  file.bytes(*png);
  file.pad(0);
  return std::move(file).take();
}

}  // namespace synthetic
