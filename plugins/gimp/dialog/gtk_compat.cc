#include "dialog/gtk_compat.h"

#include <utility>

namespace impasto::gimp {
namespace {

using Draw = std::function<void(cairo_t* cairo, int width, int height)>;

void CallDraw(GtkWidget* widget, cairo_t* cairo, gpointer draw) {
  GtkAllocation place;
  gtk_widget_get_allocation(widget, &place);
  (*static_cast<Draw*>(draw))(cairo, place.width, place.height);
}

void FreeDraw(gpointer draw, GClosure* /*closure*/) { delete static_cast<Draw*>(draw); }

#if IMPASTO_GIMP_MAJOR < 3
gboolean OnDraw(GtkWidget* widget, GdkEventExpose* /*event*/, gpointer draw) {
  cairo_t* const cairo = gdk_cairo_create(gtk_widget_get_window(widget));
  CallDraw(widget, cairo, draw);
  cairo_destroy(cairo);
  return TRUE;
}
constexpr char kDrawSignal[] = "expose-event";
#else
gboolean OnDraw(GtkWidget* widget, cairo_t* cairo, gpointer draw) {
  CallDraw(widget, cairo, draw);
  return TRUE;
}
constexpr char kDrawSignal[] = "draw";

// Packed pixels of grey or RGB, with alpha or without, as they are in `to`.
void FillRgba(const uint8_t* from, int channels, GdkPixbuf* to) {
  const bool is_gray = channels < 3;
  const bool has_alpha = channels % 2 == 0;
  for (int y = 0; y < gdk_pixbuf_get_height(to); ++y) {
    guchar* pixel = gdk_pixbuf_get_pixels(to) + static_cast<ptrdiff_t>(y) * gdk_pixbuf_get_rowstride(to);
    for (int x = 0; x < gdk_pixbuf_get_width(to); ++x, pixel += 4, from += channels) {
      pixel[0] = from[0];
      pixel[1] = from[is_gray ? 0 : 1];
      pixel[2] = from[is_gray ? 0 : 2];
      pixel[3] = has_alpha ? from[channels - 1] : 255;
    }
  }
}
#endif

std::string Owned(gchar* text) {
  std::string copy = text == nullptr ? "" : text;
  g_free(text);
  return copy;
}

}  // namespace

GtkWidget* DrawnArea(int width, int height, Draw draw) {
  GtkWidget* const area = gtk_drawing_area_new();
  gtk_widget_set_size_request(area, width, height);
  g_signal_connect_data(area, kDrawSignal, G_CALLBACK(OnDraw), new Draw(std::move(draw)), FreeDraw,
                        static_cast<GConnectFlags>(0));
  return area;
}

#if IMPASTO_GIMP_MAJOR < 3

GtkWidget* HBox(int spacing) { return gtk_hbox_new(FALSE, spacing); }
GtkWidget* VBox(int spacing) { return gtk_vbox_new(FALSE, spacing); }
GtkWidget* ButtonBox() { return gtk_hbutton_box_new(); }
GtkWidget* HScale(GtkAdjustment* adjustment) { return gtk_hscale_new(adjustment); }
GtkAdjustment* NewAdjustment(double value, double least, double most, double step, double page) {
  return GTK_ADJUSTMENT(gtk_adjustment_new(value, least, most, step, page, 0));
}
void AlignLeft(GtkWidget* label) { gtk_misc_set_alignment(GTK_MISC(label), 0, 0.5); }
void AlignButtons(GtkWidget* dialog) {
  gtk_dialog_set_alternative_button_order(GTK_DIALOG(dialog), GTK_RESPONSE_OK, GTK_RESPONSE_CANCEL, -1);
}
GtkWidget* DrawableComboBox() { return gimp_drawable_combo_box_new(nullptr, nullptr); }

GdkPixbuf* Thumbnail(DrawableId drawable, int x, int y, int width, int height, int to_width, int to_height) {
  return gimp_drawable_get_sub_thumbnail(drawable, x, y, width, height, to_width, to_height,
                                         GIMP_PIXBUF_SMALL_CHECKS);
}
int ImageWidth(ImageId image) { return gimp_image_width(image); }
int ImageHeight(ImageId image) { return gimp_image_height(image); }
int DrawableWidth(DrawableId drawable) { return gimp_drawable_width(drawable); }
int DrawableHeight(DrawableId drawable) { return gimp_drawable_height(drawable); }
std::string DrawableLabel(DrawableId drawable) { return Owned(gimp_item_get_name(drawable)); }

#else

GtkWidget* HBox(int spacing) { return gtk_box_new(GTK_ORIENTATION_HORIZONTAL, spacing); }
GtkWidget* VBox(int spacing) { return gtk_box_new(GTK_ORIENTATION_VERTICAL, spacing); }
GtkWidget* ButtonBox() { return gtk_button_box_new(GTK_ORIENTATION_HORIZONTAL); }
GtkWidget* HScale(GtkAdjustment* adjustment) { return gtk_scale_new(GTK_ORIENTATION_HORIZONTAL, adjustment); }
GtkAdjustment* NewAdjustment(double value, double least, double most, double step, double page) {
  return gtk_adjustment_new(value, least, most, step, page, 0);
}
void AlignLeft(GtkWidget* label) { gtk_label_set_xalign(GTK_LABEL(label), 0); }
void AlignButtons(GtkWidget* dialog) {
  gimp_dialog_set_alternative_button_order(GTK_DIALOG(dialog), GTK_RESPONSE_OK, GTK_RESPONSE_CANCEL, -1);
}
GtkWidget* DrawableComboBox() { return gimp_drawable_combo_box_new(nullptr, nullptr, nullptr); }

// libgimp 3.0.4's own gimp_drawable_get_sub_thumbnail frees the bytes while its pixbuf still uses them.
GdkPixbuf* Thumbnail(DrawableId drawable, int x, int y, int width, int height, int to_width, int to_height) {
  int got_width = 0;
  int got_height = 0;
  int channels = 0;
  GBytes* const bytes =
      gimp_drawable_get_sub_thumbnail_data(gimp_drawable_get_by_id(drawable), x, y, width, height, to_width,
                                           to_height, &got_width, &got_height, &channels);
  if (bytes == nullptr) {
    return nullptr;
  }
  GdkPixbuf* const pixels = gdk_pixbuf_new(GDK_COLORSPACE_RGB, TRUE, 8, got_width, got_height);
  FillRgba(static_cast<const uint8_t*>(g_bytes_get_data(bytes, nullptr)), channels, pixels);
  g_bytes_unref(bytes);
  GdkPixbuf* const on_checks = gdk_pixbuf_composite_color_simple(
      pixels, got_width, got_height, GDK_INTERP_NEAREST, 255, GIMP_CHECK_SIZE_SM, 0x999999, 0x666666);
  g_object_unref(pixels);
  return on_checks;
}
int ImageWidth(ImageId image) { return gimp_image_get_width(gimp_image_get_by_id(image)); }
int ImageHeight(ImageId image) { return gimp_image_get_height(gimp_image_get_by_id(image)); }
int DrawableWidth(DrawableId drawable) { return gimp_drawable_get_width(gimp_drawable_get_by_id(drawable)); }
int DrawableHeight(DrawableId drawable) {
  return gimp_drawable_get_height(gimp_drawable_get_by_id(drawable));
}
std::string DrawableLabel(DrawableId drawable) {
  return Owned(gimp_item_get_name(GIMP_ITEM(gimp_drawable_get_by_id(drawable))));
}

#endif

}  // namespace impasto::gimp
