#pragma once
// Small picture files of all sorts, written by the reference encoders.

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <jpeglib.h>
#include <png.h>
#include <string>
#include <vector>

namespace samples {

using Bytes = std::vector<std::uint8_t>;

struct PngShape {
  std::uint32_t width = 5;
  std::uint32_t height = 3;
  int colour_type = PNG_COLOR_TYPE_RGB;
  int bit_depth = 8;
  bool interlaced = false;
};

/// Every pixel holds the same bytes: `pixel` is one pixel in the file's own layout.
inline Bytes png_file(const PngShape& shape, const Bytes& pixel, const std::vector<png_color>& palette = {}) {
  Bytes file;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  const auto append = [](png_structp p, png_bytep bytes, std::size_t size) {
    auto& out = *static_cast<Bytes*>(png_get_io_ptr(p));
    out.insert(out.end(), bytes, bytes + size);
  };
  png_set_write_fn(png, &file, append, nullptr);
  png_set_IHDR(png, info, shape.width, shape.height, shape.bit_depth, shape.colour_type,
               shape.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  if (!palette.empty()) png_set_PLTE(png, info, palette.data(), static_cast<int>(palette.size()));
  png_write_info(png, info);
  Bytes row;
  for (std::uint32_t x = 0; x < shape.width; ++x) row.insert(row.end(), pixel.begin(), pixel.end());
  std::vector<png_bytep> rows(shape.height, row.data());
  if (shape.interlaced) png_set_interlace_handling(png);
  png_write_image(png, rows.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return file;
}

inline Bytes jpeg_file(std::uint32_t width, std::uint32_t height, J_COLOR_SPACE space, const Bytes& pixel) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &memory, &size);
  jpeg.image_width = width;
  jpeg.image_height = height;
  jpeg.input_components = static_cast<int>(pixel.size());
  jpeg.in_color_space = space;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 100, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  Bytes row;
  for (std::uint32_t x = 0; x < width; ++x) row.insert(row.end(), pixel.begin(), pixel.end());
  JSAMPROW rows = row.data();
  while (jpeg.next_scanline < jpeg.image_height) jpeg_write_scanlines(&jpeg, &rows, 1);
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  Bytes file(memory, memory + size);
  std::free(memory);
  return file;
}

}  // namespace samples
