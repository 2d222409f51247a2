#include "host/libgimp.h"

namespace impasto::gimp {
namespace {

// By custom the name of the procedure whose last values these are.
constexpr char kSessionKey[] = "plug-in-impasto-style-transfer";

}  // namespace

std::vector<ImageId> OpenImages() {
  std::vector<ImageId> open;
  const std::unique_ptr<GimpImage*, Free> images(gimp_get_images());
  for (GimpImage** image = images.get(); *image != nullptr; ++image) {
    open.push_back(gimp_image_get_id(*image));
  }
  return open;
}

ImageId NewImage(int width, int height, GimpImageBaseType type, GimpPrecision precision) {
  return gimp_image_get_id(gimp_image_new_with_precision(width, height, type, precision));
}

std::string ImageFile(ImageId image) {
  GFile* file = gimp_image_get_file(gimp_image_get_by_id(image));
  const Text path(file == nullptr ? nullptr : g_file_get_path(file));
  g_clear_object(&file);
  return path == nullptr ? "" : path.get();
}

std::string ParasiteText(const OwnParasite& parasite) {
  if (parasite == nullptr) {
    return "";
  }
  guint32 size = 0;
  const auto* data = static_cast<const char*>(gimp_parasite_get_data(parasite.get(), &size));
  return std::string(data, size);
}

const char* LastError() { return gimp_pdb_get_last_error(gimp_get_pdb()); }

// A parasite of GIMP itself that isn't persistent lasts as long as GIMP runs.
void KeepForSession(const std::string& text) {
  const OwnParasite parasite(
      gimp_parasite_new(kSessionKey, 0, static_cast<guint32>(text.size()), text.data()));
  gimp_attach_parasite(parasite.get());
}

std::string KeptForSession() { return ParasiteText(OwnParasite(gimp_get_parasite(kSessionKey))); }

}  // namespace impasto::gimp
