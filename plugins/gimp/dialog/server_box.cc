#include "dialog/server_box.h"

#include <algorithm>
#include <numbers>
#include <utility>

#include "core/text.h"
#include "impasto/options.h"

namespace impasto::gimp {
namespace {

using Light = ServerStatus::Light;

constexpr int kDot = 16;
constexpr int kWordsWidth = 300;

struct Color {
  double red;
  double green;
  double blue;
};

Color ColorOf(Light light) {
  switch (light) {
    case Light::kReady:
      return {0.30, 0.69, 0.31};
    case Light::kUnreachable:
      return {0.86, 0.24, 0.22};
    default:
      return {0.95, 0.75, 0.15};
  }
}

void DrawDot(cairo_t* cairo, int width, int height, Color color) {
  const double radius = 0.375 * std::min(width, height);
  cairo_arc(cairo, 0.5 * width, 0.5 * height, radius, 0, 2 * std::numbers::pi);
  cairo_set_source_rgb(cairo, color.red, color.green, color.blue);
  cairo_fill_preserve(cairo);
  cairo_set_source_rgba(cairo, 0, 0, 0, 0.4);
  cairo_set_line_width(cairo, 1);
  cairo_stroke(cairo);
}

}  // namespace

ServerBox::ServerBox(const ServerSettings& server, std::function<void()> changed, std::function<void()> start)
    : changed_(std::move(changed)), server_(server), box_(VBox(kNear)) {
  GtkWidget* const state = HBox(kNear);
  dot_ = DrawnArea(kDot, kDot, [this](cairo_t* cairo, int width, int height) {
    DrawDot(cairo, width, height, ColorOf(light_));
  });
  words_ = WrappedLabel(kWordsWidth);
  Add(state, dot_);
  Add(state, words_, true);
  start_ = gtk_button_new_with_mnemonic(_("Start a Ser_ver Here"));
  SetTip(start_, _("Starts Impasto's server on this computer. It goes on when GIMP is closed."));
  OnSignal(start_, "clicked", std::move(start));

  choice_ = VBox(kNear);
  GtkSizeGroup* const labels = gtk_size_group_new(GTK_SIZE_GROUP_HORIZONTAL);
  address_ = gtk_entry_new();
  gtk_entry_set_text(GTK_ENTRY(address_),
                     server_.address.empty() ? DefaultServerAddress().c_str() : server_.address.c_str());
  SetTip(address_, _("The computer's name and a port, like localhost:50451. Enter connects."));
  OnSignal(address_, "activate", [this] { TakeAddress(); });
  OnSignal(address_, "focus-out-event", [this] { TakeAddress(); });
  Add(choice_, Line(_("A_ddress:"), address_, labels));
  g_object_unref(labels);
  Add(choice_, Access());
  Add(box_, state);
  Add(box_, start_);
  Add(box_, choice_);
  gtk_widget_show_all(box_);
  gtk_widget_hide(start_);
}

GtkWidget* ServerBox::Access() {
  GtkWidget* const expander = gtk_expander_new_with_mnemonic(_("Acces_s"));
  GtkWidget* const lines = VBox(kNear);
  GtkSizeGroup* const labels = gtk_size_group_new(GTK_SIZE_GROUP_HORIZONTAL);
  Add(lines, FileLine(_("Certi_ficate:"), _("Choose a certificate"),
                      _("A PEM file of the certificates to trust. With one, the connection is encrypted."),
                      &ServerSettings::tls_ca, labels));
  Add(lines, FileLine(_("Access to_ken:"), _("Choose an access token"),
                      _("A file with the access token that the server's owner gave you"),
                      &ServerSettings::token_file, labels));
  g_object_unref(labels);
  gtk_container_add(GTK_CONTAINER(expander), lines);
  return expander;
}

GtkWidget* ServerBox::FileLine(const char* label, const char* title, const char* tip,
                               std::string ServerSettings::*file, GtkSizeGroup* labels) {
  GtkWidget* const box = HBox(kNear);
  GtkWidget* const button = gtk_file_chooser_button_new(title, GTK_FILE_CHOOSER_ACTION_OPEN);
  SetTip(button, tip);
  GtkFileChooser* const chooser = GTK_FILE_CHOOSER(button);
  if (!(server_.*file).empty()) {
    gtk_file_chooser_set_filename(chooser, (server_.*file).c_str());
  }
  OnSignal(button, "file-set", [this, chooser, file] {
    gchar* const path = gtk_file_chooser_get_filename(chooser);
    server_.*file = path == nullptr ? "" : path;
    g_free(path);
    changed_();
  });
  GtkWidget* const none = gtk_button_new_with_label(_("None"));
  SetTip(none, _("Goes without"));
  OnSignal(none, "clicked", [this, chooser, file] {
    gtk_file_chooser_unselect_all(chooser);
    (server_.*file).clear();
    changed_();
  });
  Add(box, button, true);
  Add(box, none);
  return Line(label, box, labels, button);
}

void ServerBox::TakeAddress() {
  std::string address = gtk_entry_get_text(GTK_ENTRY(address_));
  if (address == DefaultServerAddress() && server_.address.empty()) {
    return;
  }
  if (address != server_.address) {
    server_.address = std::move(address);
    changed_();
  }
}

void ServerBox::SetStatus(const ServerStatus& status, bool can_start) {
  if (status.light != light_) {
    light_ = status.light;
    gtk_widget_queue_draw(dot_);
  }
  SetText(words_, status.words);
  Show(start_, can_start);
}

void ServerBox::SetSensitive(bool sensitive) { gtk_widget_set_sensitive(choice_, sensitive); }

}  // namespace impasto::gimp
