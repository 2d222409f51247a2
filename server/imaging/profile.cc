#include "imaging/profile.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <vips/vips8>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "imaging/vips_image.h"
#include "imaging/vips_runtime.h"

namespace impasto::imaging {
namespace {

using vips::VImage;

vips::VOption* TransformOptions() {
  return VImage::option()->set("intent", VIPS_INTENT_RELATIVE)->set("black_point_compensation", true);
}

// A file without a disk, for as long as the object lives.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& bytes) : fd_(memfd_create("profile", MFD_CLOEXEC)) {
    ok_ = fd_ >= 0 && write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }

  bool ok() const { return ok_; }
  std::string path() const { return absl::StrCat("/proc/self/fd/", fd_); }

 private:
  const int fd_;
  bool ok_;
};

VImage WithSpace(const Raster& pixels, ColorSpace space) {
  return View(pixels, space == ColorSpace::kCmyk ? VIPS_INTERPRETATION_CMYK : InterpretationOf(pixels));
}

}  // namespace

ColorSpace ProfileSpace(std::string_view profile) {
  constexpr size_t kHeader = 128;
  if (profile.size() < kHeader + 4 || profile.substr(36, 4) != "acsp") {
    return ColorSpace::kUnknown;
  }
  uint32_t declared = 0;
  for (int i = 0; i < 4; ++i) {
    declared = declared << 8 | static_cast<uint8_t>(profile[i]);
  }
  if (declared > profile.size()) {
    return ColorSpace::kUnknown;
  }
  const std::string_view space = profile.substr(16, 4);
  return space == "GRAY"   ? ColorSpace::kGray
         : space == "RGB " ? ColorSpace::kRgb
         : space == "CMYK" ? ColorSpace::kCmyk
                           : ColorSpace::kUnknown;
}

absl::StatusOr<Raster> ToSrgb(const Raster& pixels, ColorSpace space, const std::string& profile) {
  constexpr char kMessage[] = "the colour profile can't be used";
  Raster result;
  bool compatible = true;
  const absl::Status status = Guarded(kMessage, [&] {
    const VImage image = WithSpace(pixels, space);
    if (!profile.empty()) {
      // With a profile that it can't use, libvips would fall back to its own without a word.
      compatible = ProfileSpace(profile) == space &&
                   vips_icc_is_compatible_profile(image.get_image(), profile.data(), profile.size());
      if (!compatible) {
        return;
      }
      AttachProfile(image, profile);
    }
    result =
        Compute(image.icc_transform("srgb", TransformOptions()->set("embedded", true)->set("depth", 16)));
  });
  IMPASTO_RETURN_IF_ERROR(status);
  if (!compatible) {
    return absl::InvalidArgumentError(kMessage);
  }
  return result;
}

absl::StatusOr<Raster> FromSrgb(const Raster& srgb, const std::string& profile, Depth depth) {
  // libvips takes the output profile of a direct transform from a file alone. (Its way through Lab takes one
  // from memory, and is off by up to 22/255 in dark colours.)
  const MemoryFile file(profile);
  if (!file.ok()) {
    return absl::ResourceExhaustedError("no memory file for the colour profile");
  }
  Raster result;
  IMPASTO_RETURN_IF_ERROR(Guarded("the colour profile can't be used for output", [&] {
    result = Compute(
        View(srgb, InterpretationOf(srgb))
            .icc_transform(
                file.path().c_str(),
                TransformOptions()->set("input_profile", "srgb")->set("depth", depth == Depth::k8 ? 8 : 16)));
  }));
  return result;
}

bool CanConvertFromSrgb(const std::string& profile) {
  absl::StatusOr<Raster> pixel = Raster::Allocate(1, 1, 3, Depth::k16);
  if (!pixel.ok()) {
    return false;
  }
  std::memset(pixel->row(0), 0, pixel->bytes());
  return FromSrgb(*pixel, profile, Depth::k8).ok();
}

bool IsSrgb(const std::string& profile, ColorSpace space) {
  // A grid of colours; grey's whole range.
  constexpr int kStep = 15;
  constexpr int kTolerance = 2 * 257;
  constexpr int kLevels = 255 / kStep + 1;
  const bool gray = space == ColorSpace::kGray;
  const int count = gray ? 256 : kLevels * kLevels * kLevels;
  absl::StatusOr<Raster> grid = Raster::Allocate(count, 1, gray ? 1 : 3, Depth::k8);
  if (!grid.ok()) {
    return false;
  }
  uint8_t* out = grid->row(0);
  for (int i = 0; i < count; ++i) {
    if (gray) {
      *out++ = static_cast<uint8_t>(i);
    } else {
      *out++ = static_cast<uint8_t>(i % kLevels * kStep);
      *out++ = static_cast<uint8_t>(i / kLevels % kLevels * kStep);
      *out++ = static_cast<uint8_t>(i / kLevels / kLevels * kStep);
    }
  }
  const absl::StatusOr<Raster> srgb = ToSrgb(*grid, space, profile);
  if (!srgb.ok()) {
    return false;
  }
  const uint16_t* moved = reinterpret_cast<const uint16_t*>(srgb->row(0));
  for (int i = 0; i < count * 3; ++i) {
    const int was = grid->row(0)[gray ? i / 3 : i] * 257;
    if (std::abs(moved[i] - was) > kTolerance) {
      return false;
    }
  }
  return true;
}

std::string SrgbProfile() {
  std::string bytes;
  VipsBlob* blob = nullptr;
  if (vips_profile_load("srgb", &blob, nullptr) != 0 || blob == nullptr) {
    vips_error_clear();
    return bytes;
  }
  size_t size = 0;
  const void* data = vips_blob_get(blob, &size);
  bytes.assign(static_cast<const char*>(data), size);
  vips_area_unref(VIPS_AREA(blob));
  return bytes;
}

}  // namespace impasto::imaging
