// The procedures in GIMP 2.10: (impasto-test-fill DRAWABLE SEED), (impasto-test-dump DRAWABLE FILE),
// (impasto-test-load DRAWABLE FILE).
#include <string>

#include <libgimp/gimp.h>

#include "pixels.h"

namespace {

constexpr char kFill[] = "impasto-test-fill";
constexpr char kDump[] = "impasto-test-dump";
constexpr char kLoad[] = "impasto-test-load";

void Install(const char* name, GimpPDBArgType type, const char* argument) {
  const GimpParamDef parameters[] = {
      {GIMP_PDB_DRAWABLE, const_cast<gchar*>("drawable"), const_cast<gchar*>("The drawable")},
      {type, const_cast<gchar*>(argument), const_cast<gchar*>(argument)},
  };
  gimp_install_procedure(name, "For tests", "For tests", "Impasto", "Impasto", "2026", nullptr, "*",
                         GIMP_PLUGIN, 2, 0, parameters, nullptr);
}

void Query() {
  Install(kFill, GIMP_PDB_INT32, "seed");
  Install(kDump, GIMP_PDB_STRING, "file");
  Install(kLoad, GIMP_PDB_STRING, "file");
}

void Run(const gchar* called, gint, const GimpParam* param, gint* count, GimpParam** returned) {
  static GimpParam status;
  g_setenv("GEGL_PATH", "/nonexistent", TRUE);  // its operations, which take a while to load, aren't used
  gegl_init(nullptr, nullptr);
  const std::string name = called;
  GeglBuffer* buffer = gimp_drawable_get_buffer(param[0].data.d_drawable);
  bool done = true;
  if (name == kFill) {
    Fill(buffer, param[1].data.d_int32);
  } else if (name == kDump) {
    done = Dump(buffer, param[1].data.d_string);
  } else {
    done = Load(buffer, param[1].data.d_string);
  }
  g_object_unref(buffer);  // writes to GIMP what is new
  status.type = GIMP_PDB_STATUS;
  status.data.d_status = done ? GIMP_PDB_SUCCESS : GIMP_PDB_EXECUTION_ERROR;
  *count = 1;
  *returned = &status;
}

}  // namespace

const GimpPlugInInfo PLUG_IN_INFO = {nullptr, nullptr, Query, Run};

MAIN()
