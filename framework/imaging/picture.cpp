#include "framework/imaging/picture.h"

#include <ATen/ATen.h>
#include <png.h>

#include "framework/core/error.h"
#include "framework/storage/atomic_file.h"

namespace medvol::imaging {

std::string encode_png(const at::Tensor& picture) {
  const bool colour = picture.dim() == 3 && picture.size(2) == 3;
  MEDVOL_CHECK(picture.scalar_type() == at::kByte && (colour || picture.dim() == 2),
               "a picture is uint8 [H, W] or [H, W, 3]");
  MEDVOL_CHECK(picture.numel() > 0, "an empty picture");
  const at::Tensor pixels = picture.cpu().contiguous();
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(pixels.size(1));
  image.height = static_cast<png_uint_32>(pixels.size(0));
  image.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  // libpng's own bound is large; asking for the exact size would compress twice.
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string bytes(size, '\0');
  const int done = png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data_ptr(), 0, nullptr);
  MEDVOL_CHECK(done != 0, "libpng: {}", image.message);
  bytes.resize(size);
  return bytes;
}

void write_png(const std::filesystem::path& path, const at::Tensor& picture) {
  storage::write_atomic(path, encode_png(picture));
}

}  // namespace medvol::imaging
