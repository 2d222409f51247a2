// What GTK 2 with GIMP 2.10 and GTK 3 with GIMP 3.0 call differently. Nothing else in this folder asks which
// it is.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

#include "host/host.h"

namespace impasto::gimp {

GtkWidget* HBox(int spacing);
GtkWidget* VBox(int spacing);
GtkWidget* ButtonBox();  // horizontal
GtkWidget* HScale(GtkAdjustment* adjustment);
GtkAdjustment* NewAdjustment(double value, double least, double most, double step, double page);
void AlignLeft(GtkWidget* label);
void AlignButtons(GtkWidget* dialog);  // as this system has them: OK first or last
// An area that `draw` draws. It lives as long as the widget.
GtkWidget* DrawnArea(int width, int height, std::function<void(cairo_t* cairo, int width, int height)> draw);
GtkWidget* DrawableComboBox();
// A picture of a drawable's part in sRGB, of the given size; checks where it is transparent. Null: none.
GdkPixbuf* Thumbnail(DrawableId drawable, int x, int y, int width, int height, int to_width, int to_height);
int ImageWidth(ImageId image);
int ImageHeight(ImageId image);
int DrawableWidth(DrawableId drawable);
int DrawableHeight(DrawableId drawable);
// Its name.
std::string DrawableLabel(DrawableId drawable);

}  // namespace impasto::gimp
