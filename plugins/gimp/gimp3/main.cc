// The program that GIMP 3.0 starts, and the procedures that it offers.
#include <unistd.h>

#include <cstdio>
#include <string>

#include <gegl.h>
#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

#include "absl/status/statusor.h"
#include "core/text.h"
#include "flow/flow.h"
#include "flow/own_files.h"
#include "flow/procedures.h"

struct ImpastoPlugIn {
  GimpPlugIn parent_instance;
};
struct ImpastoPlugInClass {
  GimpPlugInClass parent_class;
};

G_DEFINE_TYPE(ImpastoPlugIn, impasto_plug_in, GIMP_TYPE_PLUG_IN)

namespace {

using impasto::gimp::Argument;
using impasto::gimp::Painted;
using impasto::gimp::Procedure;
using impasto::gimp::Settings;

// What a procedure returns instead of a result. A GError says why, for people.
GimpValueArray* Failure(GimpProcedure* procedure, const absl::Status& status) {
  if (absl::IsCancelled(status)) {
    return gimp_procedure_new_return_values(procedure, GIMP_PDB_CANCEL, nullptr);
  }
  // The arguments are the script's own fault.
  return gimp_procedure_new_return_values(
      procedure, absl::IsInvalidArgument(status) ? GIMP_PDB_CALLING_ERROR : GIMP_PDB_EXECUTION_ERROR,
      g_error_new_literal(GIMP_PLUG_IN_ERROR, 0, std::string(status.message()).c_str()));
}

GimpValueArray* Success(GimpProcedure* procedure) {
  return gimp_procedure_new_return_values(procedure, GIMP_PDB_SUCCESS, nullptr);
}

GimpValueArray* Answer(GimpProcedure* procedure, const absl::StatusOr<Painted>& painted) {
  if (!painted.ok()) {
    return Failure(procedure, painted.status());
  }
  GimpValueArray* values = Success(procedure);
  GIMP_VALUES_SET_DRAWABLE(values, 1, gimp_drawable_get_by_id(painted->drawable));
  GIMP_VALUES_SET_STRING(values, 2, painted->recipe_json.c_str());
  return values;
}

std::string Text(GimpProcedureConfig* config, const Argument& argument) {
  gchar* value = nullptr;
  g_object_get(config, argument.name, &value, nullptr);
  std::string text = value == nullptr ? "" : value;
  g_free(value);
  return text;
}

template <typename T>
T Number(GimpProcedureConfig* config, const Argument& argument) {
  T value{};
  g_object_get(config, argument.name, &value, nullptr);
  return value;
}

absl::StatusOr<Settings> ReadSettings(GimpProcedureConfig* config) {
  namespace gimp = impasto::gimp;
  gimp::PaintArguments arguments;
  arguments.style_file = Text(config, gimp::kStyleFile);
  arguments.style_drawable = Number<gint>(config, gimp::kStyleDrawable);
  if (GimpItem* item = gimp_item_get_by_id(arguments.style_drawable); item != nullptr) {
    gchar* name = gimp_item_get_name(item);
    arguments.style_drawable_name = name;
    g_free(name);
  }
  arguments.style_name = Text(config, gimp::kStyleName);
  arguments.model = Text(config, gimp::kModel);
  arguments.strength = Number<gdouble>(config, gimp::kStrength);
  arguments.quality = Number<gint>(config, gimp::kQuality);
  arguments.iterations = Number<gint>(config, gimp::kIterations);
  arguments.size = Number<gint>(config, gimp::kSize);
  arguments.content_weight = Number<gdouble>(config, gimp::kContentWeight);
  arguments.style_weight = Number<gdouble>(config, gimp::kStyleWeight);
  arguments.in_place = Number<gboolean>(config, gimp::kInPlace);
  return gimp::SettingsOf(arguments);
}

// The numbers of the image and of the one drawable that a procedure is called on.
struct Called {
  gint image = -1;
  gint drawable = -1;
};

absl::StatusOr<Called> OnOneDrawable(GimpImage* image, GimpDrawable** drawables) {
  if (drawables == nullptr || drawables[0] == nullptr || drawables[1] != nullptr) {
    return absl::InvalidArgumentError(_("Choose one layer, layer mask or channel, not several."));
  }
  return Called{gimp_image_get_id(image), gimp_item_get_id(GIMP_ITEM(drawables[0]))};
}

void Begin(GimpRunMode mode) {
  gegl_init(nullptr, nullptr);
  if (mode == GIMP_RUN_INTERACTIVE) {
    gimp_ui_init("impasto-style-transfer");
  }
}

absl::StatusOr<Painted> Paint(GimpRunMode mode, GimpImage* image, GimpDrawable** drawables,
                              GimpProcedureConfig* config) {
  const absl::StatusOr<Called> called = OnOneDrawable(image, drawables);
  if (!called.ok()) {
    return called.status();
  }
  switch (mode) {
    case GIMP_RUN_INTERACTIVE:
      return impasto::gimp::PaintInteractively(called->image, called->drawable);
    case GIMP_RUN_WITH_LAST_VALS:
      return impasto::gimp::PaintAgain(called->image, called->drawable, /*from_layer=*/false);
    default:
      break;
  }
  const absl::StatusOr<Settings> settings = ReadSettings(config);
  if (!settings.ok()) {
    return settings.status();
  }
  impasto::gimp::ServerSettings server;
  server.address = Text(config, impasto::gimp::kServer);
  return impasto::gimp::Paint(called->image, called->drawable, *settings, server);
}

GimpValueArray* RunPaint(GimpProcedure* procedure, GimpRunMode mode, GimpImage* image,
                         GimpDrawable** drawables, GimpProcedureConfig* config, gpointer) {
  Begin(mode);
  return Answer(procedure, Paint(mode, image, drawables, config));
}

GimpValueArray* RunRepeat(GimpProcedure* procedure, GimpRunMode, GimpImage* image, GimpDrawable** drawables,
                          GimpProcedureConfig*, gpointer) {
  Begin(GIMP_RUN_NONINTERACTIVE);  // it has no window
  const absl::StatusOr<Called> called = OnOneDrawable(image, drawables);
  if (!called.ok()) {
    return Failure(procedure, called.status());
  }
  return Answer(procedure, impasto::gimp::PaintAgain(called->image, called->drawable, /*from_layer=*/true));
}

GimpValueArray* RunShowRecipe(GimpProcedure* procedure, GimpRunMode mode, GimpImage* image,
                              GimpDrawable** drawables, GimpProcedureConfig*, gpointer) {
  Begin(mode);
  const absl::StatusOr<Called> called = OnOneDrawable(image, drawables);
  if (!called.ok()) {
    return Failure(procedure, called.status());
  }
  const absl::StatusOr<std::string> recipe = impasto::gimp::RecipeOf(called->drawable);
  const absl::Status shown = recipe.ok() && mode == GIMP_RUN_INTERACTIVE
                                 ? impasto::gimp::ShowRecipe(called->drawable)
                                 : recipe.status();
  if (!shown.ok()) {
    return Failure(procedure, shown);
  }
  GimpValueArray* values = Success(procedure);
  GIMP_VALUES_SET_STRING(values, 1, recipe->c_str());
  return values;
}

GimpValueArray* RunWaiting(GimpProcedure* procedure, GimpProcedureConfig* config, gpointer) {
  GimpRunMode mode = GIMP_RUN_NONINTERACTIVE;
  g_object_get(config, "run-mode", &mode, nullptr);
  Begin(mode);
  const absl::Status shown = mode == GIMP_RUN_INTERACTIVE ? impasto::gimp::ShowWaiting() : absl::OkStatus();
  return shown.ok() ? Success(procedure) : Failure(procedure, shown);
}

// At GIMP's start: it waits for the acknowledgement alone.
GimpValueArray* RunNotice(GimpProcedure* procedure, GimpProcedureConfig*, gpointer) {
  gimp_procedure_persistent_ready(procedure);
  const std::string message = impasto::gimp::WaitingMessage();
  if (!message.empty()) {
    gimp_message(message.c_str());
  }
  return Success(procedure);
}

void Describe(GimpProcedure* procedure, const Procedure& words) {
  gimp_procedure_set_documentation(procedure, _(words.blurb), _(words.help), words.name);
  gimp_procedure_set_attribution(procedure, impasto::gimp::kAuthor, impasto::gimp::kCopyright,
                                 impasto::gimp::kDate);
  if (words.menu_label != nullptr) {
    gimp_procedure_set_menu_label(procedure, _(words.menu_label));
    gimp_procedure_add_menu_path(procedure, impasto::gimp::kMenu);
  }
}

GimpProcedure* OnDrawable(GimpPlugIn* plug_in, const Procedure& words, GimpRunImageFunc run) {
  GimpProcedure* procedure =
      gimp_image_procedure_new(plug_in, words.name, GIMP_PDB_PROC_TYPE_PLUGIN, run, nullptr, nullptr);
  // "*": indexed images too, so that the user hears what to do rather than finds the entry grey.
  gimp_procedure_set_image_types(procedure, "*");
  gimp_procedure_set_sensitivity_mask(procedure, GIMP_PROCEDURE_SENSITIVE_DRAWABLE);
  Describe(procedure, words);
  return procedure;
}

void AddText(GimpProcedure* procedure, const Argument& argument) {
  gimp_procedure_add_string_argument(procedure, argument.name, argument.name, argument.blurb, "",
                                     G_PARAM_READWRITE);
}

void AddInt(GimpProcedure* procedure, const Argument& argument, int least, int most, int usual) {
  gimp_procedure_add_int_argument(procedure, argument.name, argument.name, argument.blurb, least, most, usual,
                                  G_PARAM_READWRITE);
}

void AddDouble(GimpProcedure* procedure, const Argument& argument, double least, double most, double usual) {
  gimp_procedure_add_double_argument(procedure, argument.name, argument.name, argument.blurb, least, most,
                                     usual, G_PARAM_READWRITE);
}

void AddReturnedText(GimpProcedure* procedure, const Argument& argument) {
  gimp_procedure_add_string_return_value(procedure, argument.name, argument.name, argument.blurb, "",
                                         G_PARAM_READWRITE);
}

void AddReturnedPainting(GimpProcedure* procedure) {
  const Argument& drawable = impasto::gimp::kPaintedDrawable;
  gimp_procedure_add_drawable_return_value(procedure, drawable.name, drawable.name, drawable.blurb, TRUE,
                                           G_PARAM_READWRITE);
  AddReturnedText(procedure, impasto::gimp::kRecipe);
}

// In the order of 2.10's. Ranges are wide: what lies outside of the real ones is refused in our own words.
void AddPaintArguments(GimpProcedure* procedure) {
  namespace gimp = impasto::gimp;
  const gimp::PaintArguments usual;
  AddText(procedure, gimp::kStyleFile);
  AddInt(procedure, gimp::kStyleDrawable, -1, G_MAXINT, usual.style_drawable);
  AddText(procedure, gimp::kStyleName);
  AddText(procedure, gimp::kModel);
  AddDouble(procedure, gimp::kStrength, -G_MAXDOUBLE, G_MAXDOUBLE, usual.strength);
  AddInt(procedure, gimp::kQuality, G_MININT, G_MAXINT, usual.quality);
  AddInt(procedure, gimp::kIterations, G_MININT, G_MAXINT, usual.iterations);
  AddInt(procedure, gimp::kSize, G_MININT, G_MAXINT, usual.size);
  AddDouble(procedure, gimp::kContentWeight, -G_MAXDOUBLE, G_MAXDOUBLE, usual.content_weight);
  AddDouble(procedure, gimp::kStyleWeight, -G_MAXDOUBLE, G_MAXDOUBLE, usual.style_weight);
  gimp_procedure_add_boolean_argument(procedure, gimp::kInPlace.name, gimp::kInPlace.name,
                                      gimp::kInPlace.blurb, usual.in_place, G_PARAM_READWRITE);
  AddText(procedure, gimp::kServer);
}

GList* QueryProcedures(GimpPlugIn* plug_in) {
  GFile* help = g_file_new_for_path(impasto::gimp::HelpFolder().c_str());
  gimp_plug_in_set_help_domain(plug_in, impasto::gimp::kHelpDomain, help);
  g_object_unref(help);
  GList* names = nullptr;
  for (const Procedure* procedure :
       {&impasto::gimp::kPaint, &impasto::gimp::kRepeat, &impasto::gimp::kShowRecipe,
        &impasto::gimp::kWaiting, &impasto::gimp::kNotice}) {
    names = g_list_append(names, g_strdup(procedure->name));
  }
  return names;
}

// Nothing here may ask a server: GIMP starts only when it is done.
GimpProcedure* CreateProcedure(GimpPlugIn* plug_in, const gchar* asked) {
  namespace gimp = impasto::gimp;
  const std::string name = asked;
  GimpProcedure* procedure = nullptr;
  if (name == gimp::kPaint.name) {
    procedure = OnDrawable(plug_in, gimp::kPaint, RunPaint);
    AddPaintArguments(procedure);
    AddReturnedPainting(procedure);
  } else if (name == gimp::kRepeat.name) {
    procedure = OnDrawable(plug_in, gimp::kRepeat, RunRepeat);
    AddReturnedPainting(procedure);
  } else if (name == gimp::kShowRecipe.name) {
    procedure = OnDrawable(plug_in, gimp::kShowRecipe, RunShowRecipe);
    AddReturnedText(procedure, gimp::kRecipe);
  } else if (name == gimp::kWaiting.name) {
    procedure = gimp_procedure_new(plug_in, asked, GIMP_PDB_PROC_TYPE_PLUGIN, RunWaiting, nullptr, nullptr);
    Describe(procedure, gimp::kWaiting);
    gimp_procedure_add_enum_argument(procedure, "run-mode", "run-mode", "The run mode", GIMP_TYPE_RUN_MODE,
                                     GIMP_RUN_NONINTERACTIVE, G_PARAM_READWRITE);
  } else if (name == gimp::kNotice.name) {
    // GIMP starts a persistent procedure without arguments by itself.
    procedure =
        gimp_procedure_new(plug_in, asked, GIMP_PDB_PROC_TYPE_PERSISTENT, RunNotice, nullptr, nullptr);
    Describe(procedure, gimp::kNotice);
  }
  return procedure;
}

// Bound here, not by GIMP: it knows folders beside the program alone.
gboolean SetTexts(GimpPlugIn*, const gchar*, gchar**, gchar**) {
  impasto::gimp::BindTexts(impasto::gimp::LocaleFolder().c_str());
  return FALSE;
}

}  // namespace

static void impasto_plug_in_class_init(ImpastoPlugInClass* type) {
  GimpPlugInClass* plug_in = GIMP_PLUG_IN_CLASS(type);
  plug_in->query_procedures = QueryProcedures;
  plug_in->create_procedure = CreateProcedure;
  plug_in->set_i18n = SetTexts;
}

static void impasto_plug_in_init(ImpastoPlugIn*) {}

int main(int argc, char* argv[]) {
  const gint status = gimp_main(impasto_plug_in_get_type(), argc, argv);
  std::fflush(nullptr);
  // A call to a server may still be under way on its own thread; nobody waits for it, nor for the destructors
  // that it would miss what it uses.
  _exit(status);
}
