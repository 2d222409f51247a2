// libgimp as target.cc and apply.cc call it: images and items go by GIMP's own numbers, by libgimp 2.10's
// names for what is done to them. libgimp 3.0 has objects for them: libgimp_3_0.h says the same by number.
// What differs in more than that is declared here, and done in libgimp_2_10.cc and libgimp_3_0.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <libgimp/gimp.h>

#include "host/host.h"
#if IMPASTO_GIMP_MAJOR >= 3
#include "host/libgimp_3_0.h"
#endif

namespace impasto::gimp {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
using Buffer = std::unique_ptr<GeglBuffer, Unref>;
using Profile = std::unique_ptr<GimpColorProfile, Unref>;

struct Free {
  void operator()(void* memory) const { g_free(memory); }
};
using Text = std::unique_ptr<gchar, Free>;

struct FreeParasite {
  void operator()(GimpParasite* parasite) const { gimp_parasite_free(parasite); }
};
using OwnParasite = std::unique_ptr<GimpParasite, FreeParasite>;

std::vector<ImageId> OpenImages();
ImageId NewImage(int width, int height, GimpImageBaseType type, GimpPrecision precision);
// What a parasite holds; empty: it is null.
std::string ParasiteText(const OwnParasite& parasite);
// Why GIMP refused the last call.
const char* LastError();

}  // namespace impasto::gimp
