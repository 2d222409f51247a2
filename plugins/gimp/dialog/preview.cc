#include "dialog/preview.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/text.h"
#include "impasto/picture.h"

namespace impasto::gimp {
namespace {

constexpr int kCurveHeight = 40;
constexpr int kRgb = 3;

// Shares the picture's bytes.
Pixbuf View(const PreviewPicture& preview) {
  const v1::PictureHeader& header = preview.picture.header;
  const int64_t stride = header.stride() > 0 ? header.stride() : int64_t{kRgb} * header.width();
  if (header.pixel_format() != v1::PIXEL_FORMAT_RGB8 || header.width() < 1 || header.height() < 1 ||
      static_cast<int64_t>(preview.picture.bytes.size()) < stride * header.height()) {
    return nullptr;
  }
  return Pixbuf(gdk_pixbuf_new_from_data(reinterpret_cast<const guchar*>(preview.picture.bytes.data()),
                                         GDK_COLORSPACE_RGB, FALSE, 8, header.width(), header.height(),
                                         static_cast<int>(stride), nullptr, nullptr));
}

struct Layout {
  int components = 0;
  bool gray = false;
};

Layout LayoutOf(v1::PixelFormat format) {
  switch (format) {
    case v1::PIXEL_FORMAT_GRAY8:
    case v1::PIXEL_FORMAT_GRAY16:
      return {1, true};
    case v1::PIXEL_FORMAT_GRAY_ALPHA8:
    case v1::PIXEL_FORMAT_GRAY_ALPHA16:
      return {2, true};
    case v1::PIXEL_FORMAT_RGB8:
    case v1::PIXEL_FORMAT_RGB16:
    case v1::PIXEL_FORMAT_RGB_FLOAT:
      return {3, false};
    case v1::PIXEL_FORMAT_RGBA8:
    case v1::PIXEL_FORMAT_RGBA16:
    case v1::PIXEL_FORMAT_RGBA_FLOAT:
      return {4, false};
    default:
      return {};
  }
}

// A component of 1, 2 or 4 bytes (an integer, one of 16 bits, a float) in 8 bits.
guchar InEightBits(const char* from, int bytes) {
  switch (bytes) {
    case 1:
      return static_cast<guchar>(*from);
    case 2: {
      uint16_t value = 0;
      std::memcpy(&value, from, sizeof value);
      return static_cast<guchar>((value + 128) / 257);
    }
    default: {
      float value = 0;
      std::memcpy(&value, from, sizeof value);
      return static_cast<guchar>(std::lround(255 * (value > 0 ? std::min(value, 1.0F) : 0.0F)));
    }
  }
}

// Some of the picture's pixels, width x height of them, without their alpha; null: of another format. It is
// of the whole image's size: to scale it properly would take too long here.
Pixbuf Sampled(const ReceivedPicture& picture, int width, int height) {
  const v1::PictureHeader& header = picture.header;
  const Layout layout = LayoutOf(header.pixel_format());
  const int pixel = BytesPerPixel(header.pixel_format());
  const int64_t stride = header.stride() > 0 ? header.stride() : int64_t{pixel} * header.width();
  if (layout.components == 0 || header.width() < 1 || header.height() < 1 ||
      static_cast<int64_t>(picture.bytes.size()) < stride * header.height()) {
    return nullptr;
  }
  Pixbuf sampled(gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, width, height));
  const int bytes = pixel / layout.components;
  for (int y = 0; y < height; ++y) {
    guchar* to = gdk_pixbuf_get_pixels(sampled.get()) + int64_t{y} * gdk_pixbuf_get_rowstride(sampled.get());
    const char* const row = picture.bytes.data() + int64_t{y} * header.height() / height * stride;
    for (int x = 0; x < width; ++x, to += kRgb) {
      const char* const from = row + int64_t{x} * header.width() / width * pixel;
      for (int c = 0; c < kRgb; ++c) {
        to[c] = InEightBits(layout.gray ? from : from + int64_t{c} * bytes, bytes);
      }
    }
  }
  return sampled;
}

}  // namespace

Preview::Preview(Pixbuf original) : original_(std::move(original)), box_(VBox(kNear)) {
  if (original_ != nullptr) {
    original_ = Fitted(original_.get(), kSide, kSide);
    width_ = gdk_pixbuf_get_width(original_.get());
    height_ = gdk_pixbuf_get_height(original_.get());
  }
  GtkWidget* const frame = gtk_frame_new(nullptr);
  gtk_frame_set_shadow_type(GTK_FRAME(frame), GTK_SHADOW_IN);
  area_ = gimp_preview_area_new();
  gtk_widget_set_size_request(area_, width_, height_);
  SetTip(area_, _("What the picture looks like by now"));
  OnSignal(area_, "size-allocate", [this] { Draw(); });
  gtk_container_add(GTK_CONTAINER(frame), area_);
  GtkWidget* const middle = HBox(0);
  gtk_box_pack_start(GTK_BOX(middle), frame, TRUE, FALSE, 0);
  GtkWidget* const upright = VBox(0);
  gtk_box_pack_start(GTK_BOX(upright), middle, TRUE, FALSE, 0);
  gtk_widget_set_size_request(upright, kSide + 4, kSide * 3 / 4 + 4);
  curve_ = DrawnArea(kSide, kCurveHeight,
                     [this](cairo_t* cairo, int width, int height) { DrawCurve(cairo, width, height); });
  SetTip(curve_, _("The loss of every iteration: how far the picture still is from what is wanted"));
  Add(box_, upright, true);
  Add(box_, curve_);
  gtk_widget_show_all(box_);
}

void Preview::Show(std::shared_ptr<const PreviewPicture> picture) {
  if (picture != picture_ || result_ != nullptr) {
    picture_ = std::move(picture);
    result_.reset();
    result_shown_.reset();
    Draw();
  }
}

void Preview::ShowResult(std::shared_ptr<const ResultPicture> result) {
  if (result != result_) {
    result_ = std::move(result);
    result_shown_ = Sampled(result_->picture, width_, height_);
    Draw();
  }
}

void Preview::ShowLosses(const std::vector<double>& losses) {
  if (losses.size() != losses_.size()) {
    losses_ = losses;
    gtk_widget_queue_draw(curve_);
  }
}

void Preview::Draw() {
  const Pixbuf painted = picture_ == nullptr ? nullptr : View(*picture_);
  GdkPixbuf* const source = result_shown_ != nullptr ? result_shown_.get()
                            : painted != nullptr     ? painted.get()
                                                     : original_.get();
  if (source == nullptr) {
    return;
  }
  // The area's own size: a preview may be smaller, or larger by a pixel.
  const Pixbuf scaled(gdk_pixbuf_scale_simple(source, width_, height_, GDK_INTERP_BILINEAR));
  gimp_preview_area_draw(GIMP_PREVIEW_AREA(area_), 0, 0, width_, height_,
                         gdk_pixbuf_get_has_alpha(scaled.get()) ? GIMP_RGBA_IMAGE : GIMP_RGB_IMAGE,
                         gdk_pixbuf_get_pixels(scaled.get()), gdk_pixbuf_get_rowstride(scaled.get()));
}

void Preview::DrawCurve(cairo_t* cairo, int width, int height) const {
  cairo_set_source_rgba(cairo, 0.5, 0.5, 0.5, 0.15);
  cairo_rectangle(cairo, 0, 0, width, height);
  cairo_fill(cairo);
  std::vector<double> logs;
  for (const double loss : losses_) {
    if (loss > 0 && std::isfinite(loss)) {
      logs.push_back(std::log(loss));
    }
  }
  if (logs.size() < 2) {
    return;
  }
  const auto [least, most] = std::minmax_element(logs.begin(), logs.end());
  const double range = std::max(*most - *least, 1e-9);
  constexpr double kMargin = 3;
  for (size_t i = 0; i < logs.size(); ++i) {
    const double x = kMargin + (width - 2 * kMargin) * i / (logs.size() - 1);
    const double y = kMargin + (height - 2 * kMargin) * (*most - logs[i]) / range;
    cairo_line_to(cairo, x, y);
  }
  cairo_set_line_width(cairo, 1.5);
  cairo_set_source_rgb(cairo, 0.30, 0.56, 0.85);
  cairo_stroke(cairo);
}

}  // namespace impasto::gimp
