#include "dialog/thumbnail_list.h"

#include <algorithm>
#include <utility>

namespace impasto::gimp {
namespace {

enum Column { kPicture, kName, kColumns };
constexpr int kHeight = 132;
constexpr int kItemWidth = 84;

Pixbuf Empty() {
  Pixbuf pixbuf(
      gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, ThumbnailList::kSide, ThumbnailList::kSide * 3 / 4));
  gdk_pixbuf_fill(pixbuf.get(), 0x808080ff);
  return pixbuf;
}

}  // namespace

ThumbnailList::ThumbnailList(const char* label, const char* tip, const char* nothing,
                             std::function<void(const Style&)> chosen)
    : chosen_(std::move(chosen)),
      store_(gtk_list_store_new(kColumns, GDK_TYPE_PIXBUF, G_TYPE_STRING)),
      view_(gtk_icon_view_new_with_model(GTK_TREE_MODEL(store_))),
      scrolled_(gtk_scrolled_window_new(nullptr, nullptr)),
      nothing_(WrappedLabel(-1)),
      box_(VBox(kNear)) {
  g_object_unref(store_);  // the view has it
  GtkIconView* const view = GTK_ICON_VIEW(view_);
  gtk_icon_view_set_pixbuf_column(view, kPicture);
  gtk_icon_view_set_text_column(view, kName);
  gtk_icon_view_set_selection_mode(view, GTK_SELECTION_BROWSE);
  gtk_icon_view_set_item_width(view, kItemWidth);
  gtk_icon_view_set_item_padding(view, 2);
  gtk_icon_view_set_margin(view, 4);
  gtk_icon_view_set_spacing(view, 2);
  gtk_icon_view_set_row_spacing(view, 4);
  gtk_icon_view_set_column_spacing(view, 4);
  SetTip(view_, tip);
  GtkScrolledWindow* const scrolled = GTK_SCROLLED_WINDOW(scrolled_);
  gtk_scrolled_window_set_policy(scrolled, GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_shadow_type(scrolled, GTK_SHADOW_IN);
  gtk_widget_set_size_request(scrolled_, -1, kHeight);
  gtk_container_add(GTK_CONTAINER(scrolled_), view_);
  GtkWidget* const name = gtk_label_new_with_mnemonic(label);
  AlignLeft(name);
  gtk_label_set_mnemonic_widget(GTK_LABEL(name), view_);
  SetText(nothing_, nothing);
  Add(box_, name);
  Add(box_, scrolled_, true);
  Add(box_, nothing_);
  gtk_widget_show_all(box_);
  // It is shown or hidden by Set() alone, and not with all that is around it.
  gtk_widget_set_no_show_all(nothing_, TRUE);
  Set({});
  OnSignal(view_, "selection-changed", [this] { Report(); });
}

void ThumbnailList::Set(std::vector<Style> styles) {
  choosing_ = true;
  styles_ = std::move(styles);
  gtk_list_store_clear(store_);
  const Pixbuf empty = Empty();
  for (const Style& style : styles_) {
    gtk_list_store_insert_with_values(store_, nullptr, -1, kPicture, empty.get(), kName, style.label.c_str(),
                                      -1);
  }
  Show(scrolled_, !styles_.empty());
  Show(nothing_, styles_.empty());
  choosing_ = false;
}

void ThumbnailList::SetPicture(const Style& style, GdkPixbuf* picture) {
  const auto found = std::find(styles_.begin(), styles_.end(), style);
  GtkTreeIter row;
  if (found != styles_.end() && picture != nullptr &&
      gtk_tree_model_iter_nth_child(GTK_TREE_MODEL(store_), &row, nullptr,
                                    static_cast<int>(found - styles_.begin()))) {
    gtk_list_store_set(store_, &row, kPicture, Fitted(picture, kSide, kSide).get(), -1);
  }
}

void ThumbnailList::Choose(const Style& style) {
  choosing_ = true;
  gtk_icon_view_unselect_all(GTK_ICON_VIEW(view_));
  const auto found = std::find(styles_.begin(), styles_.end(), style);
  if (found != styles_.end()) {
    GtkTreePath* const path = gtk_tree_path_new_from_indices(static_cast<int>(found - styles_.begin()), -1);
    gtk_icon_view_select_path(GTK_ICON_VIEW(view_), path);
    gtk_tree_path_free(path);
  }
  choosing_ = false;
}

void ThumbnailList::Report() {
  if (choosing_) {
    return;
  }
  GList* const selected = gtk_icon_view_get_selected_items(GTK_ICON_VIEW(view_));
  if (selected != nullptr) {
    const int place = gtk_tree_path_get_indices(static_cast<GtkTreePath*>(selected->data))[0];
    const Style style = styles_[place];
    chosen_(style);
  }
  g_list_free_full(selected, [](gpointer path) { gtk_tree_path_free(static_cast<GtkTreePath*>(path)); });
}

}  // namespace impasto::gimp
