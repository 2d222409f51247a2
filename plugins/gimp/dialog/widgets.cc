#include "dialog/widgets.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace impasto::gimp {
namespace {

using Call = std::function<void()>;

// Events that handlers return FALSE for go on to GTK's own.
gboolean CallIt(gpointer call) {
  (*static_cast<Call*>(call))();
  return FALSE;
}
void FreeIt(gpointer call, GClosure* /*closure*/) { delete static_cast<Call*>(call); }

void LimitSize(GdkPixbufLoader* loader, gint width, gint height, gpointer side) {
  const double scale = static_cast<double>(GPOINTER_TO_INT(side)) / std::max({width, height, 1});
  if (scale < 1) {
    gdk_pixbuf_loader_set_size(loader, std::max(1, static_cast<int>(width * scale)),
                               std::max(1, static_cast<int>(height * scale)));
  }
}

}  // namespace

void OnSignal(gpointer instance, const char* signal, Call call) {
  g_signal_connect_data(instance, signal, G_CALLBACK(CallIt), new Call(std::move(call)), FreeIt,
                        G_CONNECT_SWAPPED);
}

void Add(GtkWidget* box, GtkWidget* child, bool expand) {
  gtk_box_pack_start(GTK_BOX(box), child, expand, TRUE, 0);
}

GtkWidget* Section(const char* title, GtkWidget* content) {
  GtkWidget* const frame = gimp_frame_new(title);
  gtk_container_add(GTK_CONTAINER(frame), content);
  return frame;
}

GtkWidget* LeftLabel(const char* text) {
  GtkWidget* const label = gtk_label_new(text);
  AlignLeft(label);
  return label;
}

GtkWidget* WrappedLabel(int width) {
  GtkWidget* const label = LeftLabel("");
  gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
  gtk_widget_set_size_request(label, width, -1);
  return label;
}

GtkWidget* Line(const char* label, GtkWidget* widget, GtkSizeGroup* labels, GtkWidget* target) {
  GtkWidget* const line = HBox(kNear);
  GtkWidget* const text = gtk_label_new_with_mnemonic(label);
  AlignLeft(text);
  gtk_label_set_mnemonic_widget(GTK_LABEL(text), target == nullptr ? widget : target);
  gtk_size_group_add_widget(labels, text);
  Add(line, text);
  Add(line, widget, true);
  return line;
}

void SetTip(GtkWidget* widget, const char* tip) { gtk_widget_set_tooltip_text(widget, tip); }

void SetText(GtkWidget* label, const std::string& text) {
  if (text != gtk_label_get_text(GTK_LABEL(label))) {
    gtk_label_set_text(GTK_LABEL(label), text.c_str());
  }
}

void Show(GtkWidget* widget, bool shown) {
  if (shown) {
    gtk_widget_show(widget);
  } else {
    gtk_widget_hide(widget);
  }
}

Pixbuf PixbufFromBytes(const std::string& bytes, int side) {
  const std::unique_ptr<GdkPixbufLoader, Unref> loader(gdk_pixbuf_loader_new());
  g_signal_connect(loader.get(), "size-prepared", G_CALLBACK(LimitSize), GINT_TO_POINTER(side));
  const bool read = gdk_pixbuf_loader_write(loader.get(), reinterpret_cast<const guchar*>(bytes.data()),
                                            bytes.size(), nullptr);
  const bool whole = gdk_pixbuf_loader_close(loader.get(), nullptr);
  GdkPixbuf* const pixbuf = read && whole ? gdk_pixbuf_loader_get_pixbuf(loader.get()) : nullptr;
  return Pixbuf(pixbuf == nullptr ? nullptr : gdk_pixbuf_apply_embedded_orientation(pixbuf));
}

Pixbuf PixbufFromFile(const std::string& path, int side) {
  const Pixbuf pixbuf(gdk_pixbuf_new_from_file_at_scale(path.c_str(), side, side, TRUE, nullptr));
  return Pixbuf(pixbuf == nullptr ? nullptr : gdk_pixbuf_apply_embedded_orientation(pixbuf.get()));
}

Pixbuf WholeThumbnail(DrawableId drawable, int side) {
  const int width = DrawableWidth(drawable);
  const int height = DrawableHeight(drawable);
  const double scale = std::min(1.0, static_cast<double>(side) / std::max({width, height, 1}));
  return Pixbuf(Thumbnail(drawable, 0, 0, width, height, std::max(1, static_cast<int>(width * scale)),
                          std::max(1, static_cast<int>(height * scale))));
}

Pixbuf Fitted(GdkPixbuf* picture, int width, int height) {
  const int from_width = gdk_pixbuf_get_width(picture);
  const int from_height = gdk_pixbuf_get_height(picture);
  const double scale =
      std::min(static_cast<double>(width) / from_width, static_cast<double>(height) / from_height);
  return Pixbuf(gdk_pixbuf_scale_simple(
      picture, std::max(1, static_cast<int>(std::lround(from_width * scale))),
      std::max(1, static_cast<int>(std::lround(from_height * scale))), GDK_INTERP_BILINEAR));
}

}  // namespace impasto::gimp
