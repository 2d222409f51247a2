#include "cli/job_session.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <set>
#include <system_error>
#include <utility>
#include <variant>

#include <CLI/CLI.hpp>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/atomic_file.h"
#include "cli/exit_codes.h"
#include "cli/explain.h"
#include "cli/job_text.h"
#include "cli/json.h"
#include "cli/output_format.h"
#include "cli/recipe_change.h"
#include "cli/table.h"
#include "impasto/error.h"
#include "impasto/internal/status_macros.h"

namespace impasto::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kQuestion[] = "Detach (d) or cancel (c)? ";
// What the second Ctrl-C waits for the server to hear of it.
constexpr absl::Duration kCancelWait = absl::Seconds(2);

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

}  // namespace

void AddOutputOptions(CLI::App* command, const char* group, OutputFlags* flags) {
  command->add_option("--save-recipe", flags->save_recipe, "The recipe with every value, as JSON")
      ->type_name("FILE")
      ->group(group);
  command
      ->add_option(
          "--loss-csv", flags->loss_csv,
          "The losses: iteration,total,content,style,seconds,level,\nchange; also of a run that fails "
          "or is cancelled")
      ->type_name("FILE")
      ->group(group);
  command
      ->add_option("--preview-dir", flags->preview_dir,
                   "Pictures on the way: preview_000050.jpg, ...; made if missing")
      ->type_name("DIR")
      ->group(group);
  command
      ->add_flag("--keep-on-interrupt", flags->keep_on_interrupt,
                 "Ctrl-C writes the best picture so far to OUT; without\nthis flag it leaves OUT alone")
      ->group(group);
  command
      ->add_flag("--events", flags->events,
                 "What happens, for programs: JSON on stdout, an object a\nline, {\"progress\": {...}}; the "
                 "last is {\"end\": {\"code\": ...}}")
      ->group(group);
  command->add_flag("-q,--quiet", flags->quiet, "Say nothing but errors")->group(group);
}

absl::Status PrepareOutputs(const OutputFlags& flags) {
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

JobSession::JobSession(Options options)
    : options_(std::move(options)),
      can_ask_(isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1),
      output_format_(FormatOfFile(options_.outputs.output).value_or(v1::PICTURE_FORMAT_UNSPECIFIED)),
      view_(&std::cerr, ViewOfStderr()),
      events_(options_.outputs.events ? &std::cout : nullptr),
      detach_when_accepted_(options_.detach) {}

void JobSession::Note(const std::string& line) {
  if (!options_.outputs.quiet) {
    view_.Say(line);
  }
}

void JobSession::Error(const std::string& line) { view_.Say(absl::StrCat("impasto: ", line)); }

int JobSession::Run(StylizeCall* call, const std::string& address, InterruptWatcher* interrupts) {
  call_ = call;
  // To the end of this function, so that the first Ctrl-C never tears a file that is being written.
  interrupts->SetHandlers([this](int signal) { OnFirstSignal(signal); },
                          [call] { call->Cancel(kCancelWait); });
  const auto release = absl::MakeCleanup([interrupts] { interrupts->SetHandlers(nullptr, nullptr); });
  while (std::optional<StylizeEvent> event = call->Next()) {
    std::visit(
        [this](auto& taken) {
          events_.Add(taken);
          On(taken);
        },
        *event);
    if (detach_when_accepted_ && !call->job().empty()) {
      detach_when_accepted_ = false;
      Detach();
    }
  }
  const absl::Status status = call->Finish();
  // The handlers stay, and a question that nobody has answered is taken back: it can't be asked again, since
  // the next signal is the second one.
  if (interrupts->signal() != 0) {
    question_.reset();
    view_.Answered();
  }
  const int exit_code = Conclude(status, address, interrupts->signal());
  events_.End(status);  // at last: whoever reads it finds all files written
  return exit_code;
}

void JobSession::OnFirstSignal(int signal) {
  if (signal != SIGINT || !can_ask_) {
    call_->Cancel();
    return;
  }
  view_.Ask(kQuestion);
  question_.emplace(STDIN_FILENO, [this](const std::optional<std::string>& line) { return OnAnswer(line); });
}

bool JobSession::OnAnswer(const std::optional<std::string>& line) {
  const std::string answer = absl::AsciiStrToLower(absl::StripAsciiWhitespace(line.value_or("c")));
  if (answer == "d" || answer == "detach") {
    view_.Answered();
    Detach();
    return true;
  }
  if (answer == "c" || answer == "cancel") {
    view_.Answered();
    call_->Cancel();
    return true;
  }
  view_.Ask(kQuestion);
  return false;
}

void JobSession::Detach() {
  const absl::Status status = call_->Detach();
  if (status.ok()) {
    detached_ = true;
  } else if (absl::IsFailedPrecondition(status)) {
    detach_when_accepted_ = true;
  } else {
    Error(absl::StrCat("can't detach, the job is watched on: ", std::string(status.message())));
  }
}

void JobSession::On(const v1::Accepted& accepted) {
  for (const std::string& warning : accepted.warnings()) {
    Note(absl::StrCat("*** WARNING: ", warning, " ***"));
  }
  const v1::Recipe& recipe = accepted.recipe();
  Note(absl::StrFormat(
      "Painting %d x %d pixels, %d iterations, %s, preset %s, as %s%s", accepted.width(), accepted.height(),
      recipe.iterations(), recipe.model(), recipe.preset(), accepted.job(),
      accepted.jobs_ahead() > 0 ? absl::StrCat("; jobs ahead: ", accepted.jobs_ahead()) : ""));
  if (accepted.attached()) {
    Note("The job was there already: its request had the same --request-id");
  }
  if (!options_.outputs.save_recipe.empty()) {
    Write(options_.outputs.save_recipe, ToJson(recipe));
  }
}

void JobSession::On(const v1::Progress& progress) {
  losses_.Add(progress);
  if (!options_.outputs.quiet) {
    view_.Update(progress, absl::Now());
  }
}

void JobSession::On(PreviewPicture& preview) {
  if (!options_.outputs.preview_dir.empty() &&
      (options_.preview_every == 0 || preview.iteration % options_.preview_every == 0)) {
    const std::string name =
        absl::StrFormat("preview_%06d.%s", preview.iteration, ExtensionOf(preview.picture.header.format()));
    Write((fs::path(options_.outputs.preview_dir) / name).string(), preview.picture.bytes);
  }
  // One of another format can't become OUT.
  if (options_.outputs.keep_on_interrupt && preview.picture.header.format() == output_format_) {
    preview_ = std::move(preview);
  }
}

void JobSession::On(const v1::RecipeChange& change) {
  losses_.Add(change);
  Note(absl::StrCat("Changed ", DescribeChangeAndStart(change)));
}

void JobSession::On(const v1::StateChanged& change) {
  Note(absl::StrCat("Now ", StateName(change.state()), ", after ", change.iteration(), " iterations",
                    change.reason().empty() ? "" : ": ", change.reason()));
}

void JobSession::On(const ConnectionLost& lost) {
  Note(absl::StrCat("Lost the connection, trying to come back to ",
                    call_->job().empty() ? "the server" : call_->job(), ": ",
                    std::string(lost.status.message())));
}

int JobSession::Conclude(const absl::Status& status, const std::string& address, int signal) {
  const OutputFlags& outputs = options_.outputs;
  if (!outputs.loss_csv.empty()) {
    Write(outputs.loss_csv, losses_.csv());
  }
  if (status.ok()) {
    if (!outputs.output.empty() && result_.has_value()) {
      Write(outputs.output, result_->picture.bytes);
    }
    if (failed_to_write_) {
      return kExitFailed;
    }
    if (!outputs.quiet && !outputs.events && !outputs.output.empty()) {
      std::cout << outputs.output << std::endl;
    }
    return kExitOk;
  }
  if (detached_ && absl::IsCancelled(status)) {
    return signal != 0 ? ConcludeInterrupted(signal) : ConcludeDetached();
  }
  if (signal != 0 && absl::IsCancelled(status)) {
    return ConcludeInterrupted(signal);
  }
  Error(Explain(status, address));
  const std::string field = ErrorField(status);
  const std::string source = options_.source_of ? options_.source_of(field) : "";
  if (!source.empty()) {
    view_.Say(absl::StrCat("  At fault: ", source));
  }
  if (absl::IsUnavailable(status) && !call_->job().empty()) {
    view_.Say(absl::StrCat("  The job may go on: impasto jobs watch ", ShortName(call_->job())));
  }
  if (const std::optional<Kept> kept = Newest(); kept.has_value() && !outputs.output.empty()) {
    // Not OUT itself: that is for pictures that are done, or that were asked for.
    const std::string path = PartialPath(outputs.output);
    if (Write(path, kept->bytes)) {
      view_.Say(absl::StrCat("  The picture of iteration ", kept->iteration, " was saved as ", path));
    }
  }
  return ExitCodeFor(status);
}

int JobSession::ConcludeDetached() {
  std::cout << call_->job() << std::endl;
  return failed_to_write_ ? kExitFailed : kExitOk;
}

int JobSession::ConcludeInterrupted(int signal) {
  // What isn't there can't be used by what comes next in a script: the exit status says so, also where the
  // job goes on.
  const int exit_code = 128 + signal;
  const std::string& output = options_.outputs.output;
  if (detached_) {
    const std::string name = ShortName(call_->job());
    Note(absl::StrCat("Detached; ", call_->job(), " goes on. Its result: impasto jobs result ", name,
                      " --wait -o OUT"));
    return exit_code;
  }
  if (output.empty()) {
    Note("Cancelled");
    return exit_code;
  }
  if (!options_.outputs.keep_on_interrupt) {
    Note(absl::StrCat("Cancelled; ", output, " is left as it was"));
    return exit_code;
  }
  const std::optional<Kept> kept = Newest();
  if (!kept.has_value()) {
    Note(absl::StrCat("Cancelled before the first picture came; ", output, " is left as it was"));
    return exit_code;
  }
  if (Write(output, kept->bytes)) {
    Note(absl::StrCat("Cancelled; kept the picture of iteration ", kept->iteration,
                      kept->preview ? " (at working size) as " : " as ", output));
  }
  return exit_code;
}

std::optional<JobSession::Kept> JobSession::Newest() const {
  if (result_.has_value()) {
    return Kept{result_->iteration, result_->picture.bytes, /*preview=*/false};
  }
  if (preview_.has_value()) {
    return Kept{preview_->iteration, preview_->picture.bytes, /*preview=*/true};
  }
  return std::nullopt;
}

// A file that can't be written doesn't end the run: the picture matters more. The exit status tells of it.
bool JobSession::Write(const std::string& path, const std::string& bytes) {
  const absl::Status status = WriteFileAtomically(path, bytes);
  if (!status.ok()) {
    failed_to_write_ = true;
    Error(absl::StrCat("can't write ", std::string(status.message())));
  }
  return status.ok();
}

}  // namespace impasto::cli
