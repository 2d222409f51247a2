// Small helps with GTK's widgets.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dialog/gtk_compat.h"

namespace impasto::gimp {

// GIMP's own distances, pixels.
inline constexpr int kFar = 12;
inline constexpr int kNear = 6;

struct Unref {
  void operator()(gpointer object) const { g_object_unref(object); }
};
using Pixbuf = std::unique_ptr<GdkPixbuf, Unref>;

// Calls `call` at every such signal, whatever it carries. It lives as long as the widget.
void OnSignal(gpointer instance, const char* signal, std::function<void()> call);

void Add(GtkWidget* box, GtkWidget* child, bool expand = false);
// A section with a title, as GIMP's dialogs have them.
GtkWidget* Section(const char* title, GtkWidget* content);
GtkWidget* LeftLabel(const char* text);
// Text that breaks into lines `width` pixels wide.
GtkWidget* WrappedLabel(int width);
// A label and `widget` in a line; the labels of a group have one width. The label's mnemonic is for `target`,
// or for `widget`.
GtkWidget* Line(const char* label, GtkWidget* widget, GtkSizeGroup* labels, GtkWidget* target = nullptr);
void SetTip(GtkWidget* widget, const char* tip);
void SetText(GtkWidget* label, const std::string& text);
void Show(GtkWidget* widget, bool shown);

// Of a file's bytes; null: no picture. At most `side` pixels a side. Thread-safe, as the next.
Pixbuf PixbufFromBytes(const std::string& bytes, int side);
Pixbuf PixbufFromFile(const std::string& path, int side);
// Of a drawable as a whole, for the main thread.
Pixbuf WholeThumbnail(DrawableId drawable, int side);
// Within width x height.
Pixbuf Fitted(GdkPixbuf* picture, int width, int height);

}  // namespace impasto::gimp
