#include "imaging/vips_image.h"

namespace impasto::imaging {

vips::VImage View(const Raster& raster, VipsInterpretation interpretation) {
  const VipsBandFormat format = raster.depth == Depth::k8    ? VIPS_FORMAT_UCHAR
                                : raster.depth == Depth::k16 ? VIPS_FORMAT_USHORT
                                                             : VIPS_FORMAT_FLOAT;
  return vips::VImage::new_from_memory(const_cast<uint8_t*>(raster.row(0)), raster.bytes(), raster.width,
                                       raster.height, raster.channels, format)
      .copy(vips::VImage::option()->set("interpretation", interpretation));
}

Raster Compute(const vips::VImage& image) {
  const Depth depth = image.format() == VIPS_FORMAT_UCHAR    ? Depth::k8
                      : image.format() == VIPS_FORMAT_USHORT ? Depth::k16
                                                             : Depth::kFloat;
  Raster raster{image.width(), image.height(), image.bands(), depth, nullptr};
  size_t size = 0;
  raster.data.reset(static_cast<uint8_t*>(image.write_to_memory(&size)));
  return raster;
}

VipsInterpretation InterpretationOf(const Raster& raster) {
  const bool deep = raster.depth == Depth::k16;
  if (raster.channels <= 2) {
    return deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
  }
  return deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
}

void AttachProfile(const vips::VImage& image, std::string_view profile) {
  vips_image_set_blob_copy(image.get_image(), VIPS_META_ICC_NAME, profile.data(), profile.size());
}

}  // namespace impasto::imaging
