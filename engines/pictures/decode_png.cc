#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <png.h>
#include <string>
#include <vector>

#include "pictures/decode_format.h"

namespace pictures {
namespace {

/// Everything that libpng's long jumps must not skip lives here, in the caller's frame.
struct Reading {
  FileBytes file;
  std::size_t position = 0;
  png_structp png = nullptr;
  png_infop info = nullptr;
  Facts facts{};
  std::string error{};
  std::vector<std::uint8_t> pixels{};
  std::vector<png_bytep> rows{};

  ~Reading() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  static_cast<Reading*>(png_get_error_ptr(png))->error.assign("the PNG file is damaged: ").append(message);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep into, std::size_t size) {
  auto& reading = *static_cast<Reading*>(png_get_io_ptr(png));
  if (reading.file.size() - reading.position < size) png_error(png, "it is cut short");
  std::memcpy(into, reading.file.data() + reading.position, size);
  reading.position += size;
}

/// Whatever the file holds arrives as 8-bit RGB.
void ask_for_rgb(png_structp png) {
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_gray_to_rgb(png);
  png_set_strip_alpha(png);
}

void read_interlaced(Reading& reading, std::size_t row_bytes) {
  reading.pixels.resize(row_bytes * reading.facts.height);
  reading.rows.resize(reading.facts.height);
  for (std::size_t y = 0; y < reading.rows.size(); ++y) reading.rows[y] = reading.pixels.data() + y * row_bytes;
  png_read_image(reading.png, reading.rows.data());
  add_pixels(reading.facts, reading.pixels);
}

void read_rows(Reading& reading, std::size_t row_bytes) {
  reading.pixels.resize(row_bytes);
  for (std::uint32_t y = 0; y < reading.facts.height; ++y) {
    png_read_row(reading.png, reading.pixels.data(), nullptr);
    add_pixels(reading.facts, reading.pixels);
  }
}

bool read_pixels(Reading& reading) {
  png_read_info(reading.png, reading.info);
  reading.facts.width = png_get_image_width(reading.png, reading.info);
  reading.facts.height = png_get_image_height(reading.png, reading.info);
  if (auto refusal = refuse_size(reading.facts.width, reading.facts.height)) {
    reading.error = std::move(*refusal);
    return false;
  }
  ask_for_rgb(reading.png);
  const int passes = png_set_interlace_handling(reading.png);
  png_read_update_info(reading.png, reading.info);
  const std::size_t row_bytes = png_get_rowbytes(reading.png, reading.info);
  if (row_bytes != std::size_t{reading.facts.width} * 3) png_error(reading.png, "its pixels are no RGB");
  if (passes > 1) {
    read_interlaced(reading, row_bytes);
  } else {
    read_rows(reading, row_bytes);
  }
  return true;
}

/// The only frame that a long jump ends in; it holds nothing that needs a destructor.
bool read_guarded(Reading& reading) {
  if (setjmp(png_jmpbuf(reading.png)) != 0) return false;
  return read_pixels(reading);
}

}  // namespace

tl::expected<Facts, std::string> decode_png(FileBytes file) {
  Reading reading{.file = file};
  reading.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, on_error, on_warning);
  if (reading.png != nullptr) reading.info = png_create_info_struct(reading.png);
  if (reading.info == nullptr) return tl::unexpected<std::string>("there is no memory for the PNG reader");
  png_set_read_fn(reading.png, &reading, on_read);
  if (!read_guarded(reading)) return tl::unexpected(std::move(reading.error));
  return reading.facts;
}

}  // namespace pictures
