#include "cli/stylize_command.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/connect.h"
#include "cli/event_lines.h"
#include "cli/exit_codes.h"
#include "cli/explain.h"
#include "cli/job_session.h"
#include "cli/stylize_request.h"
#include "cli/table.h"
#include "cli/units.h"
#include "impasto/client.h"

namespace impasto::cli {
namespace {

// What the parser can't say as well.
absl::Status CheckFlags(const StylizeFlags& flags) {
  if (flags.detach && !flags.output.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--output goes with a job that is waited for; with --detach, fetch the result later: impasto "
        "jobs result JOB -o ",
        flags.output));
  }
  if (!flags.detach && !flags.estimate && flags.output.empty()) {
    return absl::InvalidArgumentError("--output is required (see impasto stylize --help)");
  }
  return absl::OkStatus();
}

int UsageError(const absl::Status& status) {
  std::cerr << "impasto: " << status.message() << std::endl;
  return kExitUsage;
}

// The flag, or the file, that a request's field came from.
std::string SourceOf(const StylizeFlags& flags, const std::string& field) {
  const std::string flag = FlagOfField(field);
  if (flag == "CONTENT") {
    return absl::StrCat("CONTENT, ", flags.content);
  }
  if (flag == "--init" && flags.init.has_value()) {
    return absl::StrCat("--init ", *flags.init);
  }
  for (size_t i = 0; i < flags.styles.size(); ++i) {
    if (flag == absl::StrCat("STYLE ", i + 1)) {
      return absl::StrCat(flag, ", ", flags.styles[i]);
    }
  }
  return flag;
}

int Estimate(const Client& client, v1::StylizeRequest request) {
  const absl::StatusOr<v1::EstimateJobResponse> estimate = client.EstimateJob(std::move(request));
  if (!estimate.ok()) {
    std::cerr << "impasto: " << Explain(estimate.status(), client.address()) << std::endl;
    return ExitCodeFor(estimate.status());
  }
  for (const std::string& warning : estimate->warnings()) {
    std::cerr << "*** WARNING: " << warning << " ***\n";
  }
  const v1::MemoryForecast& memory = estimate->memory();
  const bool fits = memory.peak_bytes() <= memory.budget_bytes();
  PrintTable(
      {{"size", absl::StrCat(estimate->width(), " x ", estimate->height())},
       {"memory", ShortBytes(memory.peak_bytes())},
       {"budget", ShortBytes(memory.budget_bytes())},
       {"largest",
        memory.largest_max_size() > 0 ? absl::StrCat("--max-size ", memory.largest_max_size()) : "unknown"},
       {"fits", fits ? "yes" : "no"}},
      &std::cout);
  std::cout.flush();
  return fits ? kExitOk : kExitFailed;
}

}  // namespace

int RunStylize(const StylizeFlags& flags, InterruptWatcher* interrupts) {
  if (const absl::Status checked = CheckFlags(flags); !checked.ok()) {
    return UsageError(checked);
  }
  std::vector<std::string> notes;
  absl::StatusOr<v1::StylizeRequest> request = BuildRequest(flags, &notes);
  if (!request.ok()) {
    return UsageError(request.status());
  }
  if (const absl::Status prepared = PrepareOutputs(flags); !prepared.ok()) {
    return UsageError(prepared);
  }
  if (!flags.priority.has_value()) {
    // On a terminal somebody looks at the bar; what a script runs, or what is left alone, can take its turn.
    request->set_priority(isatty(STDERR_FILENO) == 1 && !flags.detach ? v1::PRIORITY_INTERACTIVE
                                                                      : v1::PRIORITY_NORMAL);
  }
  const absl::StatusOr<Client> client = ConnectOrExplain(flags);
  if (!client.ok()) {
    EventLines(flags.events ? &std::cout : nullptr).End(client.status());
    return ExitCodeForConnect(client.status());
  }
  if (flags.estimate) {
    return Estimate(*client, *std::move(request));
  }
  JobSession session({.outputs = flags,
                      .preview_every = request->preview().every_iterations(),
                      .detach = flags.detach,
                      .source_of = [&flags](const std::string& field) { return SourceOf(flags, field); }});
  for (const std::string& note : notes) {
    session.Note(note);
  }
  const std::unique_ptr<StylizeCall> call = client->StartStylize(*std::move(request));
  return session.Run(call.get(), client->address(), interrupts);
}

}  // namespace impasto::cli
