#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/strip.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "core/text.h"
#include "core/words.h"
#include "dialog/dialog.h"
#include "dialog/main_loop.h"
#include "dialog/widgets.h"

namespace impasto::gimp {
namespace {

constexpr int kDiscard = 1;
constexpr int kEnded = 2;
constexpr int kWidth = 560;
constexpr int kHeight = 300;
// As long as a forgotten server may keep a thread; the window stays usable all the while.
enum Column { kImage, kLayer, kAge, kState, kColumns };

std::string StateWords(const v1::Job& job) {
  switch (job.state()) {
    case v1::Job::STATE_SUCCEEDED:
      return _("Done");
    case v1::Job::STATE_RUNNING:
      return _("Painting");
    case v1::Job::STATE_PAUSED:
      return _("Paused");
    case v1::Job::STATE_CANCELLED:
      return _("Cancelled");
    case v1::Job::STATE_FAILED:
      return _("Failed");
    default:
      return _("Waiting");
  }
}

class WaitingDialog {
 public:
  WaitingDialog(const WaitingJobs& waiting, Connect connect);
  ~WaitingDialog() { gtk_widget_destroy(dialog_); }

  WaitingOutcome Run();

 private:
  void Build();
  void Fill();
  void AskForState(const WaitingJob& job);
  void SetState(const std::string& job, const std::string& words);
  // The chosen one's place, or -1.
  int Chosen() const;
  void Open();
  void Fetch(const Client& client, const std::string& job);
  void Discard();
  void Fetched();
  void Refresh();
  void SetMessage(const std::string& message) {
    SetText(message_, message);
    Show(message_, !message.empty());
  }

  const WaitingJobs& waiting_;
  const Connect connect_;
  std::vector<WaitingJob> jobs_;
  std::optional<WaitingJob> opened_;
  std::unique_ptr<PaintJob> fetching_;
  WaitingOutcome outcome_;
  MainLoop loop_;
  GtkWidget* dialog_ = nullptr;
  GtkWidget* list_ = nullptr;
  GtkListStore* store_ = nullptr;
  GtkWidget* progress_ = nullptr;
  GtkWidget* message_ = nullptr;
};

WaitingDialog::WaitingDialog(const WaitingJobs& waiting, Connect connect)
    : waiting_(waiting), connect_(std::move(connect)) {
  Build();
  Fill();
}

void WaitingDialog::Build() {
  dialog_ = gimp_dialog_new(_("Waiting Style Transfers"), "impasto-waiting", nullptr,
                            static_cast<GtkDialogFlags>(0), gimp_standard_help_func,
                            "plug-in-impasto-waiting", _("_Discard"), kDiscard, _("_Close"),
                            GTK_RESPONSE_CANCEL, _("_Open"), GTK_RESPONSE_OK, nullptr);
  AlignButtons(dialog_);
  gimp_window_set_transient(GTK_WINDOW(dialog_));
  gtk_dialog_set_default_response(GTK_DIALOG(dialog_), GTK_RESPONSE_OK);
  gtk_window_set_default_size(GTK_WINDOW(dialog_), kWidth, kHeight);

  store_ = gtk_list_store_new(kColumns, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
  list_ = gtk_tree_view_new_with_model(GTK_TREE_MODEL(store_));
  g_object_unref(store_);  // the view has it
  const char* const titles[] = {_("Image"), _("Layer"), _("Begun"), _("State")};
  for (int column = 0; column < kColumns; ++column) {
    gtk_tree_view_insert_column_with_attributes(GTK_TREE_VIEW(list_), -1, titles[column],
                                                gtk_cell_renderer_text_new(), "text", column, nullptr);
    gtk_tree_view_column_set_resizable(gtk_tree_view_get_column(GTK_TREE_VIEW(list_), column), TRUE);
    gtk_tree_view_column_set_expand(gtk_tree_view_get_column(GTK_TREE_VIEW(list_), column), column != kAge);
  }
  SetTip(list_, _("Paintings that were begun, and whose results aren't in an image yet"));
  OnSignal(gtk_tree_view_get_selection(GTK_TREE_VIEW(list_)), "changed", [this] { Refresh(); });
  OnSignal(list_, "row-activated", [this] { gtk_dialog_response(GTK_DIALOG(dialog_), GTK_RESPONSE_OK); });
  GtkWidget* const scrolled = gtk_scrolled_window_new(nullptr, nullptr);
  gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_AUTOMATIC, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_shadow_type(GTK_SCROLLED_WINDOW(scrolled), GTK_SHADOW_IN);
  gtk_container_add(GTK_CONTAINER(scrolled), list_);
  message_ = WrappedLabel(kWidth - 2 * kFar);
  progress_ = gtk_progress_bar_new();

  GtkWidget* const all = VBox(kNear);
  gtk_container_set_border_width(GTK_CONTAINER(all), kFar);
  Add(all, scrolled, true);
  Add(all, message_);
  Add(all, progress_);
  gtk_box_pack_start(GTK_BOX(gtk_dialog_get_content_area(GTK_DIALOG(dialog_))), all, TRUE, TRUE, 0);
  gtk_widget_show_all(all);
  gtk_widget_hide(progress_);
  SetMessage("");
}

void WaitingDialog::Fill() {
  jobs_ = waiting_.List();
  gtk_list_store_clear(store_);
  for (const WaitingJob& job : jobs_) {
    gtk_list_store_insert_with_values(store_, nullptr, -1, kImage, job.image.c_str(), kLayer,
                                      job.layer.c_str(), kAge,
                                      absl::Substitute(_("$0 ago"), Words(absl::Now() - job.created)).c_str(),
                                      kState, _("Asking the server"), -1);
    AskForState(job);
  }
  if (jobs_.empty()) {
    SetMessage(_("Nothing is waiting."));
  } else {
    GtkTreePath* const first = gtk_tree_path_new_first();
    gtk_tree_view_set_cursor(GTK_TREE_VIEW(list_), first, nullptr, FALSE);
    gtk_tree_path_free(first);
  }
  Refresh();
}

void WaitingDialog::AskForState(const WaitingJob& job) {
  loop_.InBackground(
      [connect = connect_, job]() -> std::string {
        absl::StatusOr<Client> client = connect(job.server);
        if (!client.ok()) {
          return Explain(client.status(), job.server.address);
        }
        const absl::StatusOr<v1::Job> found = client->GetJob(job.job);
        return found.ok() ? StateWords(*found) : Explain(found.status(), job.server.address);
      },
      [this, name = job.job](const std::string& words) { SetState(name, words); });
}

void WaitingDialog::SetState(const std::string& job, const std::string& words) {
  for (size_t place = 0; place < jobs_.size(); ++place) {
    GtkTreeIter row;
    if (jobs_[place].job == job &&
        gtk_tree_model_iter_nth_child(GTK_TREE_MODEL(store_), &row, nullptr, static_cast<int>(place))) {
      gtk_list_store_set(store_, &row, kState, words.c_str(), -1);
    }
  }
}

int WaitingDialog::Chosen() const {
  GtkTreeIter row;
  GtkTreeModel* model = nullptr;
  if (!gtk_tree_selection_get_selected(gtk_tree_view_get_selection(GTK_TREE_VIEW(list_)), &model, &row)) {
    return -1;
  }
  GtkTreePath* const path = gtk_tree_model_get_path(model, &row);
  const int place = gtk_tree_path_get_indices(path)[0];
  gtk_tree_path_free(path);
  return place;
}

void WaitingDialog::Refresh() {
  const bool chosen = Chosen() >= 0;
  const bool free = !opened_.has_value();
  gtk_dialog_set_response_sensitive(GTK_DIALOG(dialog_), GTK_RESPONSE_OK, chosen && free);
  gtk_dialog_set_response_sensitive(GTK_DIALOG(dialog_), kDiscard, chosen && free);
  gtk_widget_set_sensitive(list_, free);
  Show(progress_, !free);
}

void WaitingDialog::Open() {
  const int place = Chosen();
  if (place < 0 || opened_.has_value()) {
    return;
  }
  opened_ = jobs_[place];
  SetMessage(_("Fetching the picture"));
  Refresh();
  auto connected = std::make_shared<absl::StatusOr<Client>>(absl::UnknownError(""));
  loop_.InBackground(
      [connect = connect_, server = opened_->server, connected] {
        *connected = connect(server);
        return connected->ok();
      },
      [this, connected](bool ok) {
        if (ok) {
          Fetch(**connected, opened_->job);
        } else {
          SetMessage(Explain(connected->status(), opened_->server.address));
          opened_.reset();
          Refresh();
        }
      });
}

void WaitingDialog::Fetch(const Client& client, const std::string& job) {
  fetching_ = std::make_unique<PaintJob>(client, job, loop_.Waker([this] { Fetched(); }));
}

void WaitingDialog::Fetched() {
  if (fetching_ == nullptr) {
    return;
  }
  const PaintState state = fetching_->state();
  if (!state.ended()) {
    if (state.iterations > 0) {
      SetMessage(absl::Substitute(_("Iteration $0 of $1"), state.iteration, state.iterations));
      gtk_progress_bar_set_fraction(GTK_PROGRESS_BAR(progress_),
                                    static_cast<double>(state.iteration) / state.iterations);
    }
    return;
  }
  if (state.result != nullptr) {
    outcome_.apply = true;
    outcome_.job = *opened_;
    outcome_.result = *state.result;
    outcome_.recipe = state.recipe;
    gtk_dialog_response(GTK_DIALOG(dialog_), kEnded);
    return;
  }
  SetMessage(state.phase == PaintState::Phase::kCancelled
                 ? _("The job was cancelled at the server. Discard takes it off the list.")
                 : Explain(state.status, opened_->server.address));
  fetching_.reset();
  opened_.reset();
  Refresh();
}

void WaitingDialog::Discard() {
  const int place = Chosen();
  if (place < 0) {
    return;
  }
  const WaitingJob job = jobs_[place];
  waiting_.Remove(job.job).IgnoreError();
  loop_.InBackground(
      [connect = connect_, job] {
        absl::StatusOr<Client> client = connect(job.server);
        if (client.ok()) {
          client->DiscardJob(job.job).IgnoreError();
        }
        return true;
      },
      [](bool) {});
  SetMessage("");
  Fill();
}

WaitingOutcome WaitingDialog::Run() {
  while (true) {
    switch (gimp_dialog_run(GIMP_DIALOG(dialog_))) {
      case GTK_RESPONSE_OK:
        Open();
        break;
      case kDiscard:
        Discard();
        break;
      default:
        return std::move(outcome_);
    }
  }
}

}  // namespace

WaitingOutcome RunWaitingDialog(const WaitingJobs& waiting, const Connect& connect) {
  return WaitingDialog(waiting, connect).Run();
}

}  // namespace impasto::gimp
