// A job that is watched: what is shown of it, what is written, and what Ctrl-C does to it.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "cli/event_lines.h"
#include "cli/interrupt.h"
#include "cli/loss_log.h"
#include "cli/progress_view.h"
#include "cli/terminal_question.h"
#include "impasto/stylize_call.h"

namespace CLI {
class App;
}

namespace impasto::cli {

// What is written. Empty: not.
struct OutputFlags {
  std::string output;
  std::string save_recipe;
  std::string loss_csv;
  std::string preview_dir;
  bool keep_on_interrupt = false;
  bool events = false;  // as JSON, on stdout
  bool quiet = false;
};

// The options for what a watched job leaves behind, without --output.
void AddOutputOptions(CLI::App* command, const char* group, OutputFlags* flags);

// Everything that can be known to fail before the server works for it. Errors name the file.
absl::Status PrepareOutputs(const OutputFlags& flags);

// For one call. Run() is for one thread.
class JobSession {
 public:
  struct Options {
    OutputFlags outputs;
    // Previews whose iteration this divides are written; 0: all.
    int preview_every = 0;
    // Print the job's name once it is accepted, and leave it.
    bool detach = false;
    // Where a field of the request came from, for errors. May be empty.
    std::function<std::string(const std::string& field)> source_of;
  };

  explicit JobSession(Options options);

  // A line for the user, unless he wants none.
  void Note(const std::string& line);

  // Watches to the end. `address` is the server's. Returns the program's exit status.
  int Run(StylizeCall* call, const std::string& address, InterruptWatcher* interrupts);

 private:
  struct Kept {
    int iteration;
    const std::string& bytes;
    bool preview;
  };

  void On(const v1::Accepted& accepted);
  void On(const v1::Progress& progress);
  void On(PreviewPicture& preview);
  void On(ResultPicture& result) { result_ = std::move(result); }
  void On(const v1::RecipeChange& change);
  void On(const v1::StateChanged& change);
  void On(const ConnectionLost& lost);

  // These run in the watcher's and the question's threads.
  void OnFirstSignal(int signal);
  bool OnAnswer(const std::optional<std::string>& line);
  void Detach();

  int Conclude(const absl::Status& status, const std::string& address, int signal);
  int ConcludeInterrupted(int signal);
  int ConcludeDetached();
  std::optional<Kept> Newest() const;
  void Error(const std::string& line);
  bool Write(const std::string& path, const std::string& bytes);

  const Options options_;
  const bool can_ask_;
  const v1::PictureFormat output_format_;
  ProgressView view_;
  EventLines events_;
  StylizeCall* call_ = nullptr;
  std::optional<TerminalQuestion> question_;
  std::atomic<bool> detach_when_accepted_;
  std::atomic<bool> detached_ = false;
  LossLog losses_;
  std::optional<PreviewPicture> preview_;
  std::optional<ResultPicture> result_;
  bool failed_to_write_ = false;
};

}  // namespace impasto::cli
