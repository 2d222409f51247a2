#include "dialog/style_chooser.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "core/text.h"

namespace impasto::gimp {
namespace {

constexpr int kChosenSide = 96;
constexpr int kFilePreviewSide = 160;

}  // namespace

StyleChooser::StyleChooser(const Style& style, std::vector<Style> recent, std::function<void()> changed)
    : changed_(std::move(changed)),
      recent_(std::move(recent)),
      style_(style),
      box_(HBox(kFar)),
      source_(gimp_int_combo_box_new(_("File"), kFile, _("Open image or layer"), kLayer,
                                     _("Library of the server"), kLibrary, _("Recent"), kRecent, nullptr)),
      pages_(gtk_notebook_new()),
      chosen_(gtk_image_new()),
      library_list_(_("Pictures in the li_brary:"),
                    _("Pictures that the server keeps for everybody who paints there"),
                    _("The server's library is empty, or isn't known yet. `impasto styles add` puts pictures "
                      "into it."),
                    [this](const Style& chosen) { Take(chosen); }),
      recent_list_(_("Recent pictur_es:"), _("Styles that were used before, the newest first"),
                   _("No style was used yet."), [this](const Style& chosen) { Take(chosen); }) {
  GtkSizeGroup* const labels = gtk_size_group_new(GTK_SIZE_GROUP_HORIZONTAL);
  GtkWidget* const left = VBox(kNear);
  SetTip(source_, _("Where the picture comes from whose manner is to be painted in"));
  Add(left, Line(_("St_yle from:"), source_, labels));
  gtk_notebook_set_show_tabs(GTK_NOTEBOOK(pages_), FALSE);
  gtk_notebook_set_show_border(GTK_NOTEBOOK(pages_), FALSE);
  for (GtkWidget* const page :
       {FilePage(labels), LayerPage(labels), library_list_.widget(), recent_list_.widget()}) {
    gtk_notebook_append_page(GTK_NOTEBOOK(pages_), page, nullptr);
  }
  Add(left, pages_, true);
  g_object_unref(labels);
  gtk_widget_set_size_request(chosen_, kChosenSide, kChosenSide);
  Add(box_, left, true);
  Add(box_, chosen_);
  FillRecent();

  int source = kFile;
  if (style_.kind == Style::Kind::kLibrary) {
    source = kLibrary;
  } else if (style_.kind == Style::Kind::kDrawable) {
    source = kLayer;
  }
  gtk_widget_show_all(box_);
  Show(chosen_, false);
  gimp_int_combo_box_set_active(GIMP_INT_COMBO_BOX(source_), source);
  ShowPage(source);
  ShowChosen();
  OnSignal(source_, "changed", [this] {
    int now = kFile;
    gimp_int_combo_box_get_active(GIMP_INT_COMBO_BOX(source_), &now);
    ShowPage(now);
    if (now == kFile) {
      TakeFile();
    } else if (now == kLayer) {
      TakeLayer();
    }
  });
}

GtkWidget* StyleChooser::FilePage(GtkSizeGroup* labels) {
  file_ = gtk_file_chooser_button_new(_("Choose a style"), GTK_FILE_CHOOSER_ACTION_OPEN);
  SetTip(file_, _("A painting or drawing: PNG, JPEG, WebP or TIFF, up to 256 MiB"));
  GtkFileFilter* const pictures = gtk_file_filter_new();
  gtk_file_filter_set_name(pictures, _("Pictures (PNG, JPEG, WebP, TIFF)"));
  for (const char* const type : {"image/png", "image/jpeg", "image/webp", "image/tiff"}) {
    gtk_file_filter_add_mime_type(pictures, type);
  }
  GtkFileFilter* const all = gtk_file_filter_new();
  gtk_file_filter_set_name(all, _("All files"));
  gtk_file_filter_add_pattern(all, "*");
  GtkFileChooser* const chooser = GTK_FILE_CHOOSER(file_);
  gtk_file_chooser_add_filter(chooser, pictures);
  gtk_file_chooser_add_filter(chooser, all);
  GtkWidget* const preview = gtk_image_new();
  gtk_widget_set_size_request(preview, kFilePreviewSide, kFilePreviewSide);
  gtk_file_chooser_set_preview_widget(chooser, preview);
  gtk_file_chooser_set_use_preview_label(chooser, FALSE);
  OnSignal(file_, "update-preview", [this] { ShowInFileDialog(); });
  if (style_.kind == Style::Kind::kFile) {
    gtk_file_chooser_set_filename(chooser, style_.value.c_str());
  }
  OnSignal(file_, "file-set", [this] { TakeFile(); });
  GtkWidget* const page = VBox(kNear);
  Add(page, Line(_("_File:"), file_, labels));
  return page;
}

GtkWidget* StyleChooser::LayerPage(GtkSizeGroup* labels) {
  layer_ = DrawableComboBox();
  SetTip(layer_, _("A layer or channel of an image that is open in GIMP"));
  if (style_.kind == Style::Kind::kDrawable) {
    gimp_int_combo_box_set_active(GIMP_INT_COMBO_BOX(layer_), std::atoi(style_.value.c_str()));
  }
  OnSignal(layer_, "changed", [this] { TakeLayer(); });
  GtkWidget* const page = VBox(kNear);
  Add(page, Line(_("_Layer:"), layer_, labels));
  return page;
}

void StyleChooser::ShowPage(int source) {
  // The others take no room: a list is higher than a line.
  for (int page = kFile; page <= kRecent; ++page) {
    Show(gtk_notebook_get_nth_page(GTK_NOTEBOOK(pages_), page), page == source);
  }
  gtk_notebook_set_current_page(GTK_NOTEBOOK(pages_), source);
}

void StyleChooser::TakeFile() {
  gchar* const path = gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(file_));
  if (path != nullptr) {
    Take({Style::Kind::kFile, path, std::filesystem::path(path).stem().string()});
    g_free(path);
  }
}

void StyleChooser::TakeLayer() {
  int drawable = -1;
  if (gimp_int_combo_box_get_active(GIMP_INT_COMBO_BOX(layer_), &drawable) && drawable > 0) {
    Take({Style::Kind::kDrawable, absl::StrCat(drawable), DrawableLabel(drawable)});
  }
}

void StyleChooser::Take(Style style) {
  if (style == style_) {
    return;
  }
  style_ = std::move(style);
  ShowChosen();
  changed_();
}

void StyleChooser::ShowInFileDialog() {
  GtkFileChooser* const chooser = GTK_FILE_CHOOSER(file_);
  gchar* const path = gtk_file_chooser_get_preview_filename(chooser);
  gtk_file_chooser_set_preview_widget_active(chooser, path != nullptr);
  if (path == nullptr) {
    return;
  }
  GtkImage* const image = GTK_IMAGE(gtk_file_chooser_get_preview_widget(chooser));
  gtk_image_clear(image);
  loop_.InBackground([path = std::string(path)] { return PixbufFromFile(path, kFilePreviewSide); },
                     [image](Pixbuf picture) { gtk_image_set_from_pixbuf(image, picture.get()); });
  g_free(path);
}

void StyleChooser::ShowChosen() {
  Show(chosen_, false);
  const auto show = [this](GdkPixbuf* picture) {
    if (picture != nullptr) {
      gtk_image_set_from_pixbuf(GTK_IMAGE(chosen_), Fitted(picture, kChosenSide, kChosenSide).get());
      gtk_widget_show(chosen_);
    }
  };
  switch (style_.kind) {
    case Style::Kind::kFile:
      loop_.InBackground([path = style_.value] { return PixbufFromFile(path, kChosenSide); },
                         [this, show, of = style_](Pixbuf picture) {
                           if (of == style_) {
                             show(picture.get());
                           }
                         });
      break;
    case Style::Kind::kLibrary:
      if (const auto found = library_.find(style_.value); found != library_.end()) {
        show(PixbufFromBytes(found->second, kChosenSide).get());
      }
      break;
    case Style::Kind::kDrawable:
      show(WholeThumbnail(std::atoi(style_.value.c_str()), kChosenSide).get());
      break;
    case Style::Kind::kNone:
      break;
  }
}

void StyleChooser::SetLibrary(const std::vector<v1::Style>& styles) {
  std::map<std::string, std::string> thumbnails;
  std::vector<Style> shown;
  for (const v1::Style& style : styles) {
    thumbnails[style.name()] = style.thumbnail();
    shown.push_back({Style::Kind::kLibrary, style.name(),
                     style.display_name().empty()
                         ? absl::Substitute(_("Untitled ($0 × $1)"), style.width(), style.height())
                         : style.display_name()});
  }
  if (thumbnails == library_) {
    return;
  }
  library_ = std::move(thumbnails);
  library_list_.Set(shown);
  for (const Style& style : shown) {
    const Pixbuf picture = PixbufFromBytes(library_[style.value], kChosenSide);
    library_list_.SetPicture(style, picture.get());
    recent_list_.SetPicture(style, picture.get());
  }
  library_list_.Choose(style_);
  ShowChosen();
}

void StyleChooser::FillRecent() {
  recent_list_.Set(recent_);
  for (const Style& style : recent_) {
    if (style.kind == Style::Kind::kFile) {
      loop_.InBackground([path = style.value] { return PixbufFromFile(path, ThumbnailList::kSide); },
                         [this, style](Pixbuf picture) { recent_list_.SetPicture(style, picture.get()); });
    }
  }
}

}  // namespace impasto::gimp
