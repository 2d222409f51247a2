// The same procedures in GIMP 3.0 as gimp2.cc's in 2.10, and (impasto-test-profile IMAGE): its effective
// profile in base64, which Script-Fu of 3.0 has no procedure for.
#include <string>

#include <libgimp/gimp.h>

#include "pixels.h"

struct TestPixels {
  GimpPlugIn parent_instance;
};
struct TestPixelsClass {
  GimpPlugInClass parent_class;
};

G_DEFINE_TYPE(TestPixels, test_pixels, GIMP_TYPE_PLUG_IN)

namespace {

constexpr char kFill[] = "impasto-test-fill";
constexpr char kDump[] = "impasto-test-dump";
constexpr char kLoad[] = "impasto-test-load";
constexpr char kProfile[] = "impasto-test-profile";

GimpValueArray* Run(GimpProcedure* procedure, GimpProcedureConfig* config, gpointer) {
  g_setenv("GEGL_PATH", "/nonexistent", TRUE);  // its operations, which take a while to load, aren't used
  gegl_init(nullptr, nullptr);
  const std::string name = gimp_procedure_get_name(procedure);
  GimpDrawable* drawable = nullptr;
  g_object_get(config, "drawable", &drawable, nullptr);
  GeglBuffer* buffer = gimp_drawable_get_buffer(drawable);
  bool done = true;
  if (name == kFill) {
    gint seed = 0;
    g_object_get(config, "seed", &seed, nullptr);
    Fill(buffer, seed);
  } else {
    gchar* file = nullptr;
    g_object_get(config, "file", &file, nullptr);
    done = name == kDump ? Dump(buffer, file) : Load(buffer, file);
    g_free(file);
  }
  g_object_unref(buffer);  // writes to GIMP what is new
  g_object_unref(drawable);
  return gimp_procedure_new_return_values(procedure, done ? GIMP_PDB_SUCCESS : GIMP_PDB_EXECUTION_ERROR,
                                          nullptr);
}

GimpValueArray* RunProfile(GimpProcedure* procedure, GimpProcedureConfig* config, gpointer) {
  GimpImage* image = nullptr;
  g_object_get(config, "image", &image, nullptr);
  GimpColorProfile* profile = gimp_image_get_effective_color_profile(image);
  gsize size = 0;
  const guint8* data = gimp_color_profile_get_icc_profile(profile, &size);
  gchar* text = g_base64_encode(data, size);
  GimpValueArray* values = gimp_procedure_new_return_values(procedure, GIMP_PDB_SUCCESS, nullptr);
  GIMP_VALUES_SET_STRING(values, 1, text);
  g_free(text);
  g_object_unref(profile);
  g_object_unref(image);
  return values;
}

GList* QueryProcedures(GimpPlugIn*) {
  GList* names = nullptr;
  for (const char* name : {kFill, kDump, kLoad, kProfile}) {
    names = g_list_append(names, g_strdup(name));
  }
  return names;
}

GimpProcedure* CreateProcedure(GimpPlugIn* plug_in, const gchar* name) {
  if (std::string(name) == kProfile) {
    GimpProcedure* profile =
        gimp_procedure_new(plug_in, name, GIMP_PDB_PROC_TYPE_PLUGIN, RunProfile, nullptr, nullptr);
    gimp_procedure_set_documentation(profile, "For tests", "For tests", name);
    gimp_procedure_add_image_argument(profile, "image", "image", "The image", FALSE, G_PARAM_READWRITE);
    gimp_procedure_add_string_return_value(profile, "profile", "profile", "Base64", "", G_PARAM_READWRITE);
    return profile;
  }
  GimpProcedure* procedure =
      gimp_procedure_new(plug_in, name, GIMP_PDB_PROC_TYPE_PLUGIN, Run, nullptr, nullptr);
  gimp_procedure_set_documentation(procedure, "For tests", "For tests", name);
  gimp_procedure_add_drawable_argument(procedure, "drawable", "drawable", "The drawable", FALSE,
                                       G_PARAM_READWRITE);
  if (std::string(name) == kFill) {
    gimp_procedure_add_int_argument(procedure, "seed", "seed", "seed", G_MININT, G_MAXINT, 0,
                                    G_PARAM_READWRITE);
  } else {
    gimp_procedure_add_string_argument(procedure, "file", "file", "file", "", G_PARAM_READWRITE);
  }
  return procedure;
}

}  // namespace

static void test_pixels_class_init(TestPixelsClass* type) {
  GimpPlugInClass* plug_in = GIMP_PLUG_IN_CLASS(type);
  plug_in->query_procedures = QueryProcedures;
  plug_in->create_procedure = CreateProcedure;
  plug_in->set_i18n = nullptr;
}

static void test_pixels_init(TestPixels*) {}

GIMP_MAIN(test_pixels_get_type())
