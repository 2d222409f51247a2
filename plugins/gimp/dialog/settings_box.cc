#include "dialog/settings_box.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "core/text.h"

namespace impasto::gimp {
namespace {

constexpr int kMemoryWidth = 300;

// Both are spun in these steps.
GtkWidget* Spin(double least, double most, double step, double page) {
  GtkWidget* const spin = gtk_spin_button_new(NewAdjustment(least, least, most, step, page), step, 0);
  gtk_spin_button_set_numeric(GTK_SPIN_BUTTON(spin), TRUE);
  return spin;
}

std::optional<double> Number(GtkWidget* entry) {
  double value = 0;
  return absl::SimpleAtod(gtk_entry_get_text(GTK_ENTRY(entry)), &value) ? std::optional<double>(value)
                                                                        : std::nullopt;
}

int Chosen(GtkWidget* combo_box) {
  int value = 0;
  gimp_int_combo_box_get_active(GIMP_INT_COMBO_BOX(combo_box), &value);
  return value;
}

}  // namespace

SettingsBox::SettingsBox(const Settings& settings, std::function<void()> changed)
    : changed_(std::move(changed)), box_(VBox(kFar)) {
  Add(box_, Section(_("Painting"), Painting()));
  Add(box_, Advanced());
  gtk_widget_show_all(box_);
  Write(settings);
}

GtkWidget* SettingsBox::Painting() {
  GtkWidget* const lines = VBox(kNear);
  GtkSizeGroup* const labels = gtk_size_group_new(GTK_SIZE_GROUP_HORIZONTAL);
  const auto report = [this] { Report(); };

  strength_ = NewAdjustment(50, 0, 100, 1, 10);
  strength_scale_ = HScale(strength_);
  GtkScale* const scale = GTK_SCALE(strength_scale_);
  gtk_scale_set_digits(scale, 0);
  gtk_scale_set_value_pos(scale, GTK_POS_RIGHT);
  gtk_scale_add_mark(scale, 0, GTK_POS_BOTTOM, _("Photograph"));
  gtk_scale_add_mark(scale, 50, GTK_POS_BOTTOM, nullptr);
  gtk_scale_add_mark(scale, 100, GTK_POS_BOTTOM, _("Painting"));
  SetTip(strength_scale_,
         _("From 0, nearly the photograph, to 100, nearly the painting's manner alone. Acts on "
           "the painting that is under way, too."));
  OnSignal(strength_, "value-changed", report);
  Add(lines, Line(_("Stre_ngth:"), strength_scale_, labels));

  model_box_ = gtk_combo_box_text_new();
  SetTip(model_box_, _("The network that looks at the pictures: those that the server has loaded"));
  OnSignal(model_box_, "changed", report);
  Add(lines, Line(_("_Model:"), model_box_, labels));

  GtkWidget* const how_long = HBox(kNear);
  quality_ = gimp_int_combo_box_new(
      _("Draft"), static_cast<int>(Quality::kDraft), _("Good"), static_cast<int>(Quality::kGood), _("Best"),
      static_cast<int>(Quality::kBest), _("By iterations"), static_cast<int>(Quality::kIterations), nullptr);
  SetTip(quality_, _("How long the server may take: a draft is there soonest"));
  OnSignal(quality_, "changed", report);
  iterations_ = Spin(1, 100000, 10, 100);
  SetTip(iterations_,
         _("Iterations, from 1 to 100000: with each, the picture comes nearer to what is wanted"));
  OnSignal(iterations_, "value-changed", report);
  iterations_label_ = gtk_label_new_with_mnemonic(_("_Iterations:"));
  gtk_label_set_mnemonic_widget(GTK_LABEL(iterations_label_), iterations_);
  Add(how_long, quality_, true);
  Add(how_long, iterations_label_);
  Add(how_long, iterations_);
  Add(lines, Line(_("_Quality:"), how_long, labels, quality_));

  GtkWidget* const how_large = HBox(kNear);
  size_ = Spin(16, 8192, 16, 128);
  SetTip(size_,
         _("The longer side that is painted at, from 16 to 8192 pixels. The result has your picture's size "
           "in any case; time and memory grow with this one."));
  OnSignal(size_, "value-changed", report);
  memory_ = WrappedLabel(-1);
  Add(how_large, size_);
  Add(how_large, gtk_label_new(_("pixels")));
  Add(lines, Line(_("Si_ze:"), how_large, labels, size_));
  gtk_label_set_line_wrap(GTK_LABEL(memory_), TRUE);
  gtk_widget_set_size_request(memory_, kMemoryWidth, -1);
  SetTip(memory_, _("The memory that the server would take for it"));
  Add(lines, memory_);

  placement_ = gimp_int_combo_box_new(_("As a new layer above"), static_cast<int>(Placement::kNewLayer),
                                      _("In place of the layer's pixels"),
                                      static_cast<int>(Placement::kInPlace), nullptr);
  SetTip(placement_, _("Where the painted picture goes. Each is one step to undo."));
  OnSignal(placement_, "changed", report);
  Add(lines, Line(_("Res_ult:"), placement_, labels));
  g_object_unref(labels);
  return lines;
}

GtkWidget* SettingsBox::Advanced() {
  GtkWidget* const expander = gtk_expander_new_with_mnemonic(_("_Advanced"));
  GtkWidget* const lines = VBox(kNear);
  own_weights_ = gtk_check_button_new_with_mnemonic(_("_Weights of my own"));
  SetTip(own_weights_, _("Instead of the strength. They act on the painting that is under way, too."));
  OnSignal(own_weights_, "toggled", [this] {
    ShowWeights();
    Report();
  });
  Add(lines, own_weights_);
  GtkSizeGroup* const labels = gtk_size_group_new(GTK_SIZE_GROUP_HORIZONTAL);
  content_weight_ = WeightEntry(_("How much the photograph's shapes count: a number from 0 to 1e15"));
  Add(lines, Line(_("Content wei_ght:"), content_weight_, labels));
  style_weight_ = WeightEntry(_("How much the painting's manner counts: a number above 0, up to 1e15"));
  Add(lines, Line(_("Sty_le weight:"), style_weight_, labels));
  g_object_unref(labels);
  gtk_container_add(GTK_CONTAINER(expander), lines);
  return expander;
}

GtkWidget* SettingsBox::WeightEntry(const char* tip) {
  GtkWidget* const entry = gtk_entry_new();
  SetTip(entry, tip);
  OnSignal(entry, "changed", [this] { Report(); });
  return entry;
}

void SettingsBox::Report() {
  if (!writing_) {
    ShowWeights();
    changed_();
  }
}

void SettingsBox::ShowWeights() {
  if (gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(own_weights_)) || !defaults_.has_style_weight()) {
    return;
  }
  const bool writing = std::exchange(writing_, true);
  const auto show = [](GtkWidget* entry, double weight) {
    gtk_entry_set_text(GTK_ENTRY(entry), absl::StrFormat("%.6g", weight).c_str());
  };
  show(content_weight_, defaults_.content_weight());
  show(style_weight_, defaults_.style_weight() * StyleFactor(gtk_adjustment_get_value(strength_)));
  writing_ = writing;
}

void SettingsBox::ReadInto(Settings* settings) const {
  const int model = gtk_combo_box_get_active(GTK_COMBO_BOX(model_box_));
  settings->model = model >= 0 ? models_[model] : model_;
  settings->strength = gtk_adjustment_get_value(strength_);
  settings->quality = static_cast<Quality>(Chosen(quality_));
  settings->iterations = gtk_spin_button_get_value_as_int(GTK_SPIN_BUTTON(iterations_));
  settings->size = gtk_spin_button_get_value_as_int(GTK_SPIN_BUTTON(size_));
  settings->placement = static_cast<Placement>(Chosen(placement_));
  const bool own = gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(own_weights_));
  settings->content_weight = own ? Number(content_weight_) : std::nullopt;
  settings->style_weight = own ? Number(style_weight_) : std::nullopt;
}

void SettingsBox::Write(const Settings& settings) {
  const bool writing = std::exchange(writing_, true);
  model_ = settings.model;
  ChooseModel();
  gtk_adjustment_set_value(strength_, settings.strength);
  gimp_int_combo_box_set_active(GIMP_INT_COMBO_BOX(quality_), static_cast<int>(settings.quality));
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(iterations_), settings.iterations);
  gtk_spin_button_set_value(GTK_SPIN_BUTTON(size_), settings.size);
  gimp_int_combo_box_set_active(GIMP_INT_COMBO_BOX(placement_), static_cast<int>(settings.placement));
  const bool own = settings.content_weight.has_value() || settings.style_weight.has_value();
  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(own_weights_), own);
  const auto show = [](GtkWidget* entry, std::optional<double> weight) {
    gtk_entry_set_text(GTK_ENTRY(entry), weight.has_value() ? absl::StrFormat("%.6g", *weight).c_str() : "");
  };
  show(content_weight_, settings.content_weight);
  show(style_weight_, settings.style_weight);
  ShowWeights();
  writing_ = writing;
}

// The one that was asked for, else the first.
void SettingsBox::ChooseModel() {
  const auto model = std::find(models_.begin(), models_.end(), model_);
  if (!models_.empty()) {
    gtk_combo_box_set_active(GTK_COMBO_BOX(model_box_),
                             model == models_.end() ? 0 : static_cast<int>(model - models_.begin()));
  }
}

void SettingsBox::SetModels(const std::vector<v1::Model>& models, const v1::Model* chosen) {
  const bool writing = std::exchange(writing_, true);
  std::vector<std::string> names;
  for (const v1::Model& model : models) {
    names.emplace_back(absl::StripPrefix(model.name(), "models/"));
  }
  // Those of a server that is away for a moment stay.
  if (!names.empty() && names != models_) {
    if (const int was = gtk_combo_box_get_active(GTK_COMBO_BOX(model_box_)); was >= 0) {
      model_ = models_[was];
    }
    models_.clear();
    gtk_list_store_clear(GTK_LIST_STORE(gtk_combo_box_get_model(GTK_COMBO_BOX(model_box_))));
    for (const std::string& name : names) {
      gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(model_box_), name.c_str());
    }
    models_ = std::move(names);
    ChooseModel();
  }
  defaults_ = chosen == nullptr ? v1::Recipe() : chosen->default_recipe();
  ShowWeights();
  writing_ = writing;
}

void SettingsBox::SetView(const DialogView& view) {
  gtk_widget_set_sensitive(strength_scale_, view.strength);
  gtk_widget_set_sensitive(model_box_, view.settings && !models_.empty());
  gtk_widget_set_sensitive(quality_, view.settings);
  gtk_widget_set_sensitive(iterations_, view.iterations);
  // Another quality has its own number of them, which the server knows.
  const bool counted = Chosen(quality_) == static_cast<int>(Quality::kIterations);
  Show(iterations_label_, counted);
  Show(iterations_, counted);
  gtk_widget_set_sensitive(size_, view.settings);
  gtk_widget_set_sensitive(placement_, view.placement);
  const bool own = gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(own_weights_));
  gtk_widget_set_sensitive(content_weight_, own);
  gtk_widget_set_sensitive(style_weight_, own);
  SetText(memory_, view.memory);
  Show(memory_, !view.memory.empty());
}

}  // namespace impasto::gimp
