#include <algorithm>
#include <optional>
#include <utility>

#include <unistd.h>

#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "core/local_server.h"
#include "core/text.h"
#include "dialog/background_job.h"
#include "dialog/dialog.h"
#include "dialog/dialog_model.h"
#include "dialog/estimator.h"
#include "dialog/main_loop.h"
#include "dialog/notice_bar.h"
#include "dialog/preview.h"
#include "dialog/server_box.h"
#include "dialog/settings_box.h"
#include "dialog/style_chooser.h"
#include "dialog/widgets.h"

namespace impasto::gimp {
namespace {

constexpr int kReset = 1;
constexpr int kEnded = 2;  // the model has come to its end by itself
constexpr int kMessageWidth = 560;
constexpr unsigned kWeightsPause = 300;
constexpr unsigned kForecastPause = 400;
constexpr unsigned kPulse = 150;
// A server that was started answers after about so long.
constexpr unsigned kStartPause = 700;

Pixbuf OriginalOf(const Target& target) {
  const double scale =
      std::min(1.0, static_cast<double>(Preview::kSide) / std::max(target.width, target.height));
  return Pixbuf(Thumbnail(target.drawable, target.x, target.y, target.width, target.height,
                          std::max(1, static_cast<int>(target.width * scale)),
                          std::max(1, static_cast<int>(target.height * scale))));
}

// Whether a job that comes to, or leaves, `phase` is a reason to look at the server at once.
bool TellsOfServer(PaintState::Phase phase) {
  return phase == PaintState::Phase::kReconnecting || phase == PaintState::Phase::kFailed;
}

class PaintDialog {
 public:
  PaintDialog(DialogInput input, const Preferences& preferences);
  ~PaintDialog() { gtk_widget_destroy(dialog_); }

  void Run();
  DialogOutcome Outcome() const;
  void Remember(Preferences* preferences) const;

 private:
  void Build();
  GtkWidget* PreviewSide();
  GtkWidget* SettingsSide();
  // Whatever has changed: the widgets follow the model.
  void Refresh();
  void Chosen();
  void JobChanged();
  void ServerChanged();
  void StartServer();
  void AskForForecast();
  void ShowWaitingCount();
  absl::StatusOr<std::unique_ptr<RunningJob>> Start(const Settings& settings, const v1::Recipe& recipe);
  void KeepRecord(const std::string& job, const Settings& settings);
  bool HandleResponse(int response);

  const Target target_;
  const std::shared_ptr<const v1::Picture> content_;
  const WaitingJobs* const waiting_;
  const std::string prefix_;
  const std::string log_file_;
  const std::function<void()> show_waiting_;
  const std::optional<std::string> local_server_;

  MainLoop loop_;
  DialogModel model_;
  NoticeBar waiting_bar_;
  NoticeBar message_bar_;
  Preview preview_;
  StyleChooser style_;
  SettingsBox settings_;
  ServerBox server_;
  Estimator estimator_;
  Delay send_weights_;
  Delay ask_for_forecast_;
  Delay pulse_;
  Delay look_at_server_;

  GtkWidget* dialog_ = nullptr;
  GtkWidget* style_section_ = nullptr;
  GtkWidget* progress_ = nullptr;
  GtkWidget* progress_words_ = nullptr;
  GtkWidget* losses_ = nullptr;
  GtkWidget* paint_ = nullptr;
  GtkWidget* stop_ = nullptr;
  // Last: it calls back as soon as it is there, and first it has to end.
  ServerWatch watch_;
};

std::optional<std::string> LocalServer(const std::string& prefix) {
  absl::StatusOr<std::string> program = FindLocalServer(prefix);
  return program.ok() ? std::optional<std::string>(*std::move(program)) : std::nullopt;
}

PaintDialog::PaintDialog(DialogInput input, const Preferences& preferences)
    : target_(*input.target),
      content_(std::make_shared<const v1::Picture>(std::move(input.content))),
      waiting_(input.waiting),
      prefix_(input.prefix),
      log_file_(input.log_file),
      show_waiting_(std::move(input.show_waiting)),
      local_server_(LocalServer(input.prefix)),
      model_(preferences.last, target_.is_mask,
             {.start = [this](const Settings& settings,
                              const v1::Recipe& recipe) { return Start(settings, recipe); },
              .keep_record = [this](const std::string& job,
                                    const Settings& settings) { KeepRecord(job, settings); },
              .remove_record = [this](const std::string& job) { waiting_->Remove(job).IgnoreError(); }}),
      waiting_bar_(kMessageWidth, _("Op_en..."),
                   [this] {
                     show_waiting_();
                     ShowWaitingCount();
                   }),
      message_bar_(kMessageWidth, nullptr, nullptr),
      preview_(OriginalOf(target_)),
      style_(preferences.last.style, preferences.recent, [this] { Chosen(); }),
      settings_(model_.settings(), [this] { Chosen(); }),
      server_(
          preferences.server,
          [this] {
            watch_.Use(server_.server());
            ServerChanged();
          },
          [this] { StartServer(); }),
      estimator_(target_, content_,
                 [this](std::optional<v1::EstimateJobResponse> forecast) {
                   model_.SetForecast(std::move(forecast));
                   Refresh();
                 }),
      send_weights_(kWeightsPause, [this] { model_.SendWeights(); }),
      ask_for_forecast_(kForecastPause, [this] { AskForForecast(); }),
      pulse_(kPulse,
             [this] {
               gtk_progress_bar_pulse(GTK_PROGRESS_BAR(progress_));
               Refresh();
             }),
      look_at_server_(kStartPause, [this] { watch_.LookNow(); }),
      watch_(preferences.server, std::move(input.connect), loop_.Waker([this] { ServerChanged(); })) {
  model_.SetCanStartServer(local_server_.has_value());
  Build();
  ShowWaitingCount();
  ServerChanged();
}

void PaintDialog::Build() {
  dialog_ =
      gimp_dialog_new(_("Style Transfer"), "impasto-style-transfer", nullptr, static_cast<GtkDialogFlags>(0),
                      gimp_standard_help_func, "plug-in-impasto-style-transfer", _("_Reset"), kReset,
                      _("_Cancel"), GTK_RESPONSE_CANCEL, _("_OK"), GTK_RESPONSE_OK, nullptr);
  AlignButtons(dialog_);
  gimp_window_set_transient(GTK_WINDOW(dialog_));
  gtk_dialog_set_default_response(GTK_DIALOG(dialog_), GTK_RESPONSE_OK);

  GtkWidget* const all = VBox(kFar);
  gtk_container_set_border_width(GTK_CONTAINER(all), kFar);
  Add(all, waiting_bar_.widget());
  Add(all, message_bar_.widget());
  GtkWidget* const sides = HBox(kFar);
  Add(sides, PreviewSide(), true);
  Add(sides, SettingsSide());
  gtk_widget_show(sides);
  Add(all, sides, true);
  gtk_box_pack_start(GTK_BOX(gtk_dialog_get_content_area(GTK_DIALOG(dialog_))), all, TRUE, TRUE, 0);
  gtk_widget_show(sides);
  gtk_widget_show(all);
}

GtkWidget* PaintDialog::PreviewSide() {
  GtkWidget* const side = VBox(kNear);
  Add(side, preview_.widget());
  GtkWidget* const words = HBox(kFar);
  progress_words_ = WrappedLabel(Preview::kSide * 3 / 4);
  losses_ = gtk_label_new("");
  SetTip(losses_, _("How far the picture still is from what is wanted. It has no unit; it should fall."));
  Add(words, progress_words_, true);
  Add(words, losses_);
  Add(side, words);
  progress_ = gtk_progress_bar_new();
  Add(side, progress_);
  GtkWidget* const buttons = ButtonBox();
  gtk_button_box_set_layout(GTK_BUTTON_BOX(buttons), GTK_BUTTONBOX_END);
  gtk_box_set_spacing(GTK_BOX(buttons), kNear);
  stop_ = gtk_button_new_with_mnemonic(_("_Stop"));
  SetTip(stop_, _("Ends the painting, and keeps the best picture so far"));
  OnSignal(stop_, "clicked", [this] {
    model_.Stop();
    Refresh();
  });
  paint_ = gtk_button_new_with_mnemonic(_("_Paint"));
  SetTip(paint_, _("Paints, and shows it here. The image is left as it is until OK."));
  OnSignal(paint_, "clicked", [this] {
    model_.Paint();
    Refresh();
  });
  Add(buttons, stop_);
  Add(buttons, paint_);
  Add(side, buttons);
  gtk_widget_show_all(side);
  return side;
}

GtkWidget* PaintDialog::SettingsSide() {
  GtkWidget* const side = VBox(kFar);
  style_section_ = Section(_("Style"), style_.widget());
  Add(side, style_section_);
  Add(side, settings_.widget());
  Add(side, Section(_("Server"), server_.widget()));
  for (GtkWidget* const section : {style_section_, side}) {
    gtk_widget_show(section);
  }
  gtk_widget_show(gtk_widget_get_parent(server_.widget()));
  return side;
}

void PaintDialog::Refresh() {
  const DialogView view = model_.view();
  gtk_widget_set_sensitive(style_section_, view.settings);
  settings_.SetView(view);
  server_.SetStatus(model_.server(), view.start_server);
  server_.SetSensitive(view.settings);
  gtk_widget_set_sensitive(paint_, view.paint);
  gtk_widget_set_sensitive(stop_, view.stop);
  gtk_dialog_set_response_sensitive(GTK_DIALOG(dialog_), GTK_RESPONSE_OK, view.ok);
  gtk_dialog_set_response_sensitive(GTK_DIALOG(dialog_), kReset, view.settings);
  SetText(progress_words_, view.progress);
  SetText(losses_, view.losses);
  if (view.pulse) {
    pulse_.Start();
  } else {
    pulse_.Stop();
    gtk_progress_bar_set_fraction(GTK_PROGRESS_BAR(progress_), view.fraction);
  }
  message_bar_.Say(view.message_is_error ? GIMP_ICON_DIALOG_ERROR : GIMP_ICON_DIALOG_WARNING, view.message);
}

void PaintDialog::Chosen() {
  Settings settings = model_.settings();
  settings.style = style_.style();
  settings_.ReadInto(&settings);
  model_.Choose(std::move(settings));
  if (model_.running()) {
    send_weights_.Start();
  } else {
    ask_for_forecast_.Start();
  }
  Refresh();
}

void PaintDialog::JobChanged() {
  const PaintState::Phase before = model_.state().phase;
  model_.Look();
  if (model_.state().phase != before && (TellsOfServer(before) || TellsOfServer(model_.state().phase))) {
    watch_.LookNow();
  }
  if (model_.state().result != nullptr && model_.state().ended()) {
    preview_.ShowResult(model_.state().result);
  } else {
    preview_.Show(model_.state().preview);
  }
  preview_.ShowLosses(model_.state().total_losses);
  Refresh();
  if (model_.end() != DialogModel::End::kOpen) {
    gtk_dialog_response(GTK_DIALOG(dialog_), kEnded);
  }
}

void PaintDialog::ServerChanged() {
  const bool was_ready = model_.server().light == ServerStatus::Light::kReady;
  model_.SetServer(watch_.status());
  settings_.SetModels(model_.server().models, model_.ChosenModel());
  style_.SetLibrary(model_.server().styles);
  if (!was_ready) {
    ask_for_forecast_.Start();
  }
  Refresh();
}

void PaintDialog::StartServer() {
  const absl::Status started = StartLocalServer(*local_server_, watch_.status().address, log_file_);
  model_.SetError(std::string(started.message()));
  look_at_server_.Start();
  Refresh();
}

void PaintDialog::AskForForecast() {
  const absl::StatusOr<v1::Recipe> recipe = model_.Recipe();
  const std::optional<Client> client = watch_.client();
  const Style& style = model_.settings().style;
  if (!recipe.ok() || !client.has_value() || style.kind == Style::Kind::kNone || model_.running()) {
    return;
  }
  absl::StatusOr<StyleReader> reader = ReaderOf(style);
  if (reader.ok()) {
    estimator_.Ask({*client, style, *std::move(reader), *recipe});
  }
}

void PaintDialog::ShowWaitingCount() {
  const size_t count = waiting_->List().size();
  waiting_bar_.Say(GIMP_ICON_DIALOG_INFORMATION,
                   count == 0 || show_waiting_ == nullptr
                       ? ""
                       : absl::Substitute(dngettext(IMPASTO_GETTEXT_DOMAIN, "$0 result is waiting",
                                                    "$0 results are waiting", count),
                                          count));
}

absl::StatusOr<std::unique_ptr<RunningJob>> PaintDialog::Start(const Settings& settings,
                                                               const v1::Recipe& recipe) {
  const std::optional<Client> client = watch_.client();
  if (!client.has_value()) {
    return absl::UnavailableError(watch_.status().words);
  }
  absl::StatusOr<StyleReader> reader = ReaderOf(settings.style);
  if (!reader.ok()) {
    return std::move(reader).status();
  }
  preview_.Show(nullptr);
  preview_.ShowLosses({});
  return StartInBackground(*client, target_, content_, *std::move(reader), recipe, Preview::kSide,
                           loop_.Waker([this] { JobChanged(); }));
}

void PaintDialog::KeepRecord(const std::string& job, const Settings& settings) {
  WaitingJob record;
  record.job = job;
  record.server = watch_.server();
  record.server.address = watch_.status().address;
  record.created = absl::Now();
  record.image = target_.image_name;
  record.image_file = ImageFile(target_.image);
  record.layer = target_.layer_name;
  record.x = target_.image_x;
  record.y = target_.image_y;
  record.width = target_.width;
  record.height = target_.height;
  record.image_width = ImageWidth(target_.image);
  record.image_height = ImageHeight(target_.image);
  record.process = getpid();
  record.icc_profile = target_.icc_profile;
  record.settings = settings;
  const absl::Status kept = waiting_->Put(record);
  if (!kept.ok()) {
    model_.SetError(std::string(kept.message()));
  }
}

// False: the dialog stays.
bool PaintDialog::HandleResponse(int response) {
  switch (response) {
    case kReset:
      model_.Reset();
      settings_.Write(model_.settings());
      ask_for_forecast_.Start();
      break;
    case GTK_RESPONSE_OK:
      model_.Ok();
      break;
    case kEnded:
      break;
    default:
      model_.Cancel();
  }
  Refresh();
  return model_.end() != DialogModel::End::kOpen;
}

void PaintDialog::Run() {
  while (!HandleResponse(gimp_dialog_run(GIMP_DIALOG(dialog_)))) {
  }
  gtk_widget_hide(dialog_);
  model_.WaitUntilTold(absl::Milliseconds(100));
}

DialogOutcome PaintDialog::Outcome() const {
  DialogOutcome outcome;
  outcome.apply = model_.end() == DialogModel::End::kApply;
  if (outcome.apply) {
    outcome.result = *model_.state().result;
    outcome.recipe = model_.state().recipe;
    outcome.settings = model_.painted_with();
    outcome.job = model_.state().job;
  }
  return outcome;
}

void PaintDialog::Remember(Preferences* preferences) const {
  preferences->last = model_.settings();
  preferences->server = watch_.server();
  if (model_.state().iteration > 0) {
    preferences->Remember(model_.painted_with().style);
  }
}

}  // namespace

DialogOutcome RunDialog(DialogInput input, Preferences* preferences) {
  PaintDialog dialog(std::move(input), *preferences);
  dialog.Run();
  dialog.Remember(preferences);
  return dialog.Outcome();
}

}  // namespace impasto::gimp
