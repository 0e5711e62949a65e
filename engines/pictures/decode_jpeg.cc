#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <jerror.h>
#include <jpeglib.h>
#include <string>
#include <vector>

#include "pictures/decode_format.h"

namespace pictures {
namespace {

/// Everything that libjpeg's long jumps must not skip lives here, in the caller's frame.
struct Reading {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  std::jmp_buf escape{};
  FileBytes file{};
  Facts facts{};
  std::string error{};
  std::vector<std::uint8_t> row{};

  ~Reading() { jpeg_destroy_decompress(&jpeg); }
};

[[noreturn]] void on_error(j_common_ptr jpeg) {
  auto& reading = *static_cast<Reading*>(jpeg->client_data);
  char message[JMSG_LENGTH_MAX] = {};
  jpeg->err->format_message(jpeg, message);
  reading.error.assign("the JPEG file is damaged: ").append(message);
  std::longjmp(reading.escape, 1);
}

/// libjpeg fills the rest of a cut file with grey and goes on; a picture that is not all there is unreadable here.
void on_message(j_common_ptr jpeg, int level) {
  if (level < 0 && jpeg->err->msg_code == JWRN_JPEG_EOF) on_error(jpeg);
}

/// Inks to light. Files with an Adobe marker store the inks inverted, and libjpeg leaves that to its caller.
void cmyk_to_rgb(std::vector<std::uint8_t>& row, std::size_t pixels, bool inverted) {
  for (std::size_t i = 0; i < pixels; ++i) {
    std::array<unsigned, 4> light{};
    for (std::size_t ink = 0; ink < 4; ++ink) light[ink] = inverted ? row[4 * i + ink] : 255U - row[4 * i + ink];
    for (std::size_t c = 0; c < 3; ++c) row[3 * i + c] = static_cast<std::uint8_t>(light[c] * light[3] / 255);
  }
}

bool read_pixels(Reading& reading) {
  jpeg_decompress_struct& jpeg = reading.jpeg;
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reading.file.data(), reading.file.size());
  jpeg_read_header(&jpeg, TRUE);
  reading.facts.width = jpeg.image_width;
  reading.facts.height = jpeg.image_height;
  if (auto refusal = refuse_size(reading.facts.width, reading.facts.height)) {
    reading.error = std::move(*refusal);
    return false;
  }
  const bool inks = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
  jpeg.out_color_space = inks ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&jpeg);
  reading.row.resize(std::size_t{reading.facts.width} * (inks ? 4 : 3));
  JSAMPROW row = reading.row.data();
  while (jpeg.output_scanline < jpeg.output_height) {
    jpeg_read_scanlines(&jpeg, &row, 1);
    if (inks) cmyk_to_rgb(reading.row, reading.facts.width, jpeg.saw_Adobe_marker == TRUE);
    add_pixels(reading.facts, FileBytes(reading.row).first(std::size_t{reading.facts.width} * 3));
  }
  return true;
}

/// The only frame that a long jump ends in; it holds nothing that needs a destructor.
bool read_guarded(Reading& reading) {
  if (setjmp(reading.escape) != 0) return false;
  return read_pixels(reading);
}

}  // namespace

tl::expected<Facts, std::string> decode_jpeg(FileBytes file) {
  Reading reading;
  reading.file = file;
  reading.jpeg.err = jpeg_std_error(&reading.errors);
  reading.jpeg.client_data = &reading;
  reading.errors.error_exit = on_error;
  reading.errors.emit_message = on_message;
  if (!read_guarded(reading)) return tl::unexpected(std::move(reading.error));
  return reading.facts;
}

}  // namespace pictures
