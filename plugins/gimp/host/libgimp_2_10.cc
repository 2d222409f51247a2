#include <algorithm>

#include "host/libgimp.h"

namespace impasto::gimp {
namespace {

// By custom the name of the procedure whose last values these are.
constexpr char kSessionKey[] = "plug-in-impasto-style-transfer";

}  // namespace

std::vector<ImageId> OpenImages() {
  gint count = 0;
  const std::unique_ptr<gint, Free> images(gimp_image_list(&count));
  return std::vector<ImageId>(images.get(), images.get() + count);
}

ImageId NewImage(int width, int height, GimpImageBaseType type, GimpPrecision precision) {
  return gimp_image_new_with_precision(width, height, type, precision);
}

std::string ImageFile(ImageId image) {
  const Text path(gimp_image_get_filename(image));
  return path == nullptr ? "" : path.get();
}

std::string ParasiteText(const OwnParasite& parasite) {
  return parasite == nullptr ? ""
                             : std::string(static_cast<const char*>(gimp_parasite_data(parasite.get())),
                                           static_cast<size_t>(gimp_parasite_data_size(parasite.get())));
}

const char* LastError() { return gimp_get_pdb_error(); }

void KeepForSession(const std::string& text) {
  gimp_set_data(kSessionKey, text.c_str(), static_cast<guint32>(text.size() + 1));
}

std::string KeptForSession() {
  const gint size = gimp_get_data_size(kSessionKey);
  std::string text(static_cast<size_t>(std::max(size, 0)), '\0');
  return !text.empty() && gimp_get_data(kSessionKey, text.data()) ? std::string(text.c_str()) : "";
}

}  // namespace impasto::gimp
