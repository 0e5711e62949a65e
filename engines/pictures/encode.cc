#include "pictures/encode.h"

#include <csetjmp>
#include <new>
#include <png.h>
#include <utility>
#include <webp/encode.h>

namespace pictures {
namespace {

using Failed = tl::unexpected<std::string>;

/// Everything that libpng's long jumps must not skip lives here, in the caller's frame.
struct Writing {
  const Rgb& picture;
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::vector<std::uint8_t> file{};
  bool out_of_memory = false;
  std::string error{};

  ~Writing() { png_destroy_write_struct(&png, &info); }
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  static_cast<Writing*>(png_get_error_ptr(png))->error.assign("the PNG encoder failed: ").append(message);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_write(png_structp png, png_bytep bytes, std::size_t size) {
  auto& writing = *static_cast<Writing*>(png_get_io_ptr(png));
  try {
    writing.file.insert(writing.file.end(), bytes, bytes + size);
  } catch (const std::bad_alloc&) {
    writing.out_of_memory = true;
  }
  if (writing.out_of_memory) png_error(png, "there is no memory for the file");
}

/// The only frame that a long jump ends in; it holds nothing that needs a destructor.
bool write_guarded(Writing& writing) {
  if (setjmp(png_jmpbuf(writing.png)) != 0) return false;
  const Rgb& picture = writing.picture;
  png_set_IHDR(writing.png, writing.info, picture.width, picture.height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(writing.png, 1);
  png_set_filter(writing.png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
  png_write_info(writing.png, writing.info);
  for (std::size_t y = 0; y < picture.height; ++y) {
    png_write_row(writing.png, picture.pixels.data() + y * picture.width * 3);
  }
  png_write_end(writing.png, nullptr);
  return true;
}

int append(const std::uint8_t* bytes, std::size_t size, const WebPPicture* picture) {
  try {
    auto& file = *static_cast<std::vector<std::uint8_t>*>(picture->custom_ptr);
    file.insert(file.end(), bytes, bytes + size);
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return 1;
}

}  // namespace

Encoded encode_png(const Rgb& picture) {
  Writing writing{.picture = picture};
  writing.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &writing, on_error, on_warning);
  if (writing.png != nullptr) writing.info = png_create_info_struct(writing.png);
  if (writing.info == nullptr) return Failed("there is no memory for the PNG encoder");
  png_set_write_fn(writing.png, &writing, on_write, nullptr);
  if (!write_guarded(writing)) return Failed(std::move(writing.error));
  return std::move(writing.file);
}

Encoded encode_webp(const Rgb& picture) {
  WebPConfig config;
  WebPPicture webp;
  if (WebPConfigInit(&config) == 0 || WebPPictureInit(&webp) == 0 || WebPConfigLosslessPreset(&config, 0) == 0) {
    return Failed("libwebp is not the version that this program was built with");
  }
  config.thread_level = 0;
  std::vector<std::uint8_t> file;
  webp.use_argb = 1;
  webp.width = static_cast<int>(picture.width);
  webp.height = static_cast<int>(picture.height);
  webp.writer = append;
  webp.custom_ptr = &file;
  const bool done =
      WebPPictureImportRGB(&webp, picture.pixels.data(), webp.width * 3) != 0 && WebPEncode(&config, &webp) != 0;
  const int error = webp.error_code;
  WebPPictureFree(&webp);
  if (!done) return Failed("the WebP encoder failed with code " + std::to_string(error));
  return file;
}

}  // namespace pictures
