#include "core/text.h"
#include "dialog/dialog.h"
#include "dialog/widgets.h"

namespace impasto::gimp {
namespace {

constexpr int kCopy = 1;
constexpr int kSave = 2;
constexpr int kWidth = 480;
constexpr int kHeight = 360;

void Save(GtkWidget* parent, const std::string& text) {
  GtkWidget* const chooser =
      gtk_file_chooser_dialog_new(_("Save the Recipe"), GTK_WINDOW(parent), GTK_FILE_CHOOSER_ACTION_SAVE,
                                  _("_Cancel"), GTK_RESPONSE_CANCEL, _("_Save"), GTK_RESPONSE_OK, nullptr);
  gtk_dialog_set_default_response(GTK_DIALOG(chooser), GTK_RESPONSE_OK);
  gtk_file_chooser_set_do_overwrite_confirmation(GTK_FILE_CHOOSER(chooser), TRUE);
  gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(chooser), "recipe.json");
  if (gtk_dialog_run(GTK_DIALOG(chooser)) == GTK_RESPONSE_OK) {
    gchar* const path = gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(chooser));
    GError* error = nullptr;
    if (!g_file_set_contents(path, text.c_str(), static_cast<gssize>(text.size()), &error)) {
      g_message("%s", error->message);
      g_error_free(error);
    }
    g_free(path);
  }
  gtk_widget_destroy(chooser);
}

}  // namespace

void RunRecipeDialog(const std::string& recipe_json) {
  GtkWidget* const dialog =
      gimp_dialog_new(_("Style Transfer Recipe"), "impasto-recipe", nullptr, static_cast<GtkDialogFlags>(0),
                      gimp_standard_help_func, "plug-in-impasto-show-recipe", _("Co_py"), kCopy,
                      _("_Save..."), kSave, _("_Close"), GTK_RESPONSE_CLOSE, nullptr);
  gimp_window_set_transient(GTK_WINDOW(dialog));
  gtk_dialog_set_default_response(GTK_DIALOG(dialog), GTK_RESPONSE_CLOSE);
  GtkWidget* const view = gtk_text_view_new();
  gtk_text_view_set_editable(GTK_TEXT_VIEW(view), FALSE);
  gtk_text_buffer_set_text(gtk_text_view_get_buffer(GTK_TEXT_VIEW(view)), recipe_json.c_str(), -1);
  SetTip(view, _("What makes the same picture again: `impasto stylize --recipe` takes it, too"));
  GtkWidget* const scrolled = gtk_scrolled_window_new(nullptr, nullptr);
  gtk_scrolled_window_set_shadow_type(GTK_SCROLLED_WINDOW(scrolled), GTK_SHADOW_IN);
  gtk_container_add(GTK_CONTAINER(scrolled), view);
  gtk_container_set_border_width(GTK_CONTAINER(scrolled), kFar);
  gtk_box_pack_start(GTK_BOX(gtk_dialog_get_content_area(GTK_DIALOG(dialog))), scrolled, TRUE, TRUE, 0);
  gtk_widget_show_all(scrolled);
  gtk_window_set_default_size(GTK_WINDOW(dialog), kWidth, kHeight);
  bool open = true;
  while (open) {
    switch (gimp_dialog_run(GIMP_DIALOG(dialog))) {
      case kCopy:
        gtk_clipboard_set_text(gtk_clipboard_get(GDK_SELECTION_CLIPBOARD), recipe_json.c_str(), -1);
        // It is there after this program has ended, too.
        gtk_clipboard_store(gtk_clipboard_get(GDK_SELECTION_CLIPBOARD));
        break;
      case kSave:
        Save(dialog, recipe_json);
        break;
      default:
        open = false;
    }
  }
  gtk_widget_destroy(dialog);
}

}  // namespace impasto::gimp
