#include "cli/stylize_command.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/atomic_file.h"
#include "cli/connect.h"
#include "cli/exit_codes.h"
#include "cli/explain.h"
#include "cli/loss_log.h"
#include "cli/output_format.h"
#include "cli/progress_view.h"
#include "cli/recipe_file.h"
#include "cli/stylize_request.h"
#include "impasto/client.h"
#include "impasto/internal/status_macros.h"

namespace impasto::cli {
namespace {

namespace fs = std::filesystem;

// Everything that can be known to fail before the server works for it.
absl::Status PrepareOutputs(const StylizeFlags& flags) {
  std::set<std::string> seen;
  for (const std::string& file : {flags.output, flags.save_recipe, flags.loss_csv}) {
    if (file.empty()) {
      continue;
    }
    if (!seen.insert(fs::path(file).lexically_normal().string()).second) {
      return absl::InvalidArgumentError(absl::StrCat(file, ": named for two outputs"));
    }
    IMPASTO_CLIENT_RETURN_IF_ERROR(CheckWritable(file));
  }
  if (!flags.preview_dir.empty()) {
    std::error_code error;
    fs::create_directories(flags.preview_dir, error);
    if (error) {
      return absl::InvalidArgumentError(absl::StrCat(flags.preview_dir, ": ", error.message()));
    }
    IMPASTO_CLIENT_RETURN_IF_ERROR(CheckWritable((fs::path(flags.preview_dir) / "preview").string()));
  }
  return absl::OkStatus();
}

ProgressView::Options ViewOfStderr() {
  ProgressView::Options options{.terminal = isatty(STDERR_FILENO) == 1, .zone = absl::LocalTimeZone()};
  winsize size;
  if (options.terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    options.columns = size.ws_col;
  }
  return options;
}

// "painted.partial.png" for "painted.png".
std::string PartialPath(const std::string& output) {
  const fs::path path(output);
  return (path.parent_path() / absl::StrCat(path.stem().string(), ".partial", path.extension().string()))
      .string();
}

// One run: takes its events and writes its files.
class Run {
 public:
  Run(const StylizeFlags& flags, int preview_every)
      : flags_(flags), preview_every_(preview_every), view_(&std::cerr, ViewOfStderr()) {}

  void Take(StylizeEvent event) {
    std::visit([this](auto& taken) { On(taken); }, event);
  }

  void Note(const std::string& line) {
    if (!flags_.quiet) {
      view_.Say(line);
    }
  }

  void Error(const std::string& line) { view_.Say(absl::StrCat("impasto: ", line)); }

  // What is left to do once the call has ended with `status`. Returns the exit status.
  int Conclude(const absl::Status& status, const std::string& address, int signal) {
    WriteLosses();
    if (status.ok()) {
      Write(flags_.output, result_->picture.bytes);
      if (failed_to_write_) {
        return kExitFailed;
      }
      if (!flags_.quiet) {
        std::cout << flags_.output << std::endl;
      }
      return kExitOk;
    }
    if (signal != 0 && absl::IsCancelled(status)) {
      return ConcludeInterrupted(signal);
    }
    Error(Explain(status, address));
    const std::string source = SourceOf(ErrorField(status));
    if (!source.empty()) {
      view_.Say(absl::StrCat("  At fault: ", source));
    }
    if (const std::optional<Kept> kept = Newest(); kept.has_value()) {
      // Not OUT itself: that is for pictures that are done, or that were asked for.
      const std::string path = PartialPath(flags_.output);
      if (Write(path, kept->bytes)) {
        view_.Say(absl::StrCat("  The picture of iteration ", kept->iteration, " was saved as ", path));
      }
    }
    return ExitCodeFor(status);
  }

 private:
  struct Kept {
    int iteration;
    const std::string& bytes;
  };

  void On(const v1::Accepted& accepted) {
    for (const std::string& warning : accepted.warnings()) {
      Note(absl::StrCat("*** WARNING: ", warning, " ***"));
    }
    const v1::Recipe& recipe = accepted.recipe();
    Note(absl::StrFormat(
        "Painting %d x %d pixels, %d iterations, %s, preset %s%s", accepted.width(), accepted.height(),
        recipe.iterations(), recipe.model(), recipe.preset(),
        accepted.jobs_ahead() > 0 ? absl::StrCat("; jobs ahead: ", accepted.jobs_ahead()) : ""));
    if (!flags_.save_recipe.empty()) {
      Write(flags_.save_recipe, RecipeToJson(recipe));
    }
  }

  void On(const v1::Progress& progress) {
    losses_.Add(progress);
    if (!flags_.quiet) {
      view_.Update(progress, absl::Now());
    }
  }

  void On(PreviewPicture& preview) {
    if (!flags_.preview_dir.empty() && preview_every_ > 0 && preview.iteration % preview_every_ == 0) {
      const std::string name =
          absl::StrFormat("preview_%06d.%s", preview.iteration, ExtensionOf(preview.picture.header.format()));
      Write((fs::path(flags_.preview_dir) / name).string(), preview.picture.bytes);
    }
    if (flags_.keep_on_interrupt) {
      preview_ = std::move(preview);
    }
  }

  void On(ResultPicture& result) { result_ = std::move(result); }

  int ConcludeInterrupted(int signal) {
    const int exit_code = 128 + signal;
    if (!flags_.keep_on_interrupt) {
      Note(absl::StrCat("Cancelled; ", flags_.output, " is left as it was"));
      return exit_code;
    }
    const std::optional<Kept> kept = Newest();
    if (!kept.has_value()) {
      Note(absl::StrCat("Cancelled before the first picture came; ", flags_.output, " is left as it was"));
      return exit_code;
    }
    if (Write(flags_.output, kept->bytes)) {
      Note(absl::StrCat("Cancelled; kept the picture of iteration ", kept->iteration,
                        " (at working size) as ", flags_.output));
    }
    return exit_code;
  }

  std::optional<Kept> Newest() const {
    if (result_.has_value()) {
      return Kept{result_->iteration, result_->picture.bytes};
    }
    if (preview_.has_value()) {
      return Kept{preview_->iteration, preview_->picture.bytes};
    }
    return std::nullopt;
  }

  void WriteLosses() {
    if (!flags_.loss_csv.empty()) {
      Write(flags_.loss_csv, losses_.csv());
    }
  }

  // A file that can't be written doesn't end the run: the picture matters more. The exit status tells of it.
  bool Write(const std::string& path, const std::string& bytes) {
    const absl::Status status = WriteFileAtomically(path, bytes);
    if (!status.ok()) {
      failed_to_write_ = true;
      Error(absl::StrCat("can't write ", std::string(status.message())));
    }
    return status.ok();
  }

  // The flag, or the file, that a request's field came from.
  std::string SourceOf(const std::string& field) const {
    const std::string flag = FlagOfField(field);
    if (flag == "CONTENT") {
      return absl::StrCat("CONTENT, ", flags_.content);
    }
    if (flag == "--init" && flags_.init.has_value()) {
      return absl::StrCat("--init ", *flags_.init);
    }
    for (size_t i = 0; i < flags_.styles.size(); ++i) {
      if (flag == absl::StrCat("STYLE ", i + 1)) {
        return absl::StrCat(flag, ", ", flags_.styles[i]);
      }
    }
    return flag;
  }

  const StylizeFlags& flags_;
  const int preview_every_;
  ProgressView view_;
  LossLog losses_;
  std::optional<PreviewPicture> preview_;
  std::optional<ResultPicture> result_;
  bool failed_to_write_ = false;
};

int UsageError(const absl::Status& status) {
  std::cerr << "impasto: " << status.message() << std::endl;
  return kExitUsage;
}

}  // namespace

int RunStylize(const StylizeFlags& flags, InterruptWatcher* interrupts) {
  std::vector<std::string> notes;
  absl::StatusOr<v1::StylizeRequest> request = BuildRequest(flags, &notes);
  if (!request.ok()) {
    return UsageError(request.status());
  }
  if (const absl::Status prepared = PrepareOutputs(flags); !prepared.ok()) {
    return UsageError(prepared);
  }
  const absl::StatusOr<Client> client = ConnectOrExplain(flags.server, flags.wait_seconds);
  if (!client.ok()) {
    return absl::IsInvalidArgument(client.status()) ? kExitUsage : kExitUnreachable;
  }

  Run run(flags, request->preview().every_iterations());
  for (const std::string& note : notes) {
    run.Note(note);
  }
  const std::unique_ptr<StylizeCall> call = client->StartStylize(*std::move(request));
  // To the end of this function, so that the first Ctrl-C never tears a file that is being written.
  interrupts->SetHandler([&call] { call->Cancel(); });
  const auto release = absl::MakeCleanup([interrupts] { interrupts->SetHandler(nullptr); });
  while (std::optional<StylizeEvent> event = call->Next()) {
    run.Take(*std::move(event));
  }
  return run.Conclude(call->Finish(), client->address(), interrupts->signal());
}

}  // namespace impasto::cli
