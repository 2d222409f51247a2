#include "cli/jobs_command.h"

#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/atomic_file.h"
#include "cli/connect.h"
#include "cli/event_lines.h"
#include "cli/exit_codes.h"
#include "cli/explain.h"
#include "cli/job_name.h"
#include "cli/job_session.h"
#include "cli/job_text.h"
#include "cli/job_update.h"
#include "cli/json.h"
#include "cli/output_format.h"
#include "cli/recipe_change.h"
#include "cli/table.h"
#include "impasto/client.h"
#include "impasto/error.h"
#include "impasto/internal/status_macros.h"

namespace impasto::cli {
namespace {

constexpr int kNewest = 20;
constexpr char kNotEnded[] = "NOT (state = SUCCEEDED OR state = CANCELLED OR state = FAILED)";

int UsageError(const absl::Status& status) {
  std::cerr << "impasto: " << status.message() << std::endl;
  return kExitUsage;
}

int Failed(const absl::Status& status, const Client& client) {
  std::cerr << "impasto: " << Explain(status, client.address()) << std::endl;
  const std::string flag = FlagOfField(ErrorField(status));
  if (!flag.empty()) {
    std::cerr << "  At fault: " << flag << std::endl;
  }
  return ExitCodeFor(status);
}

absl::StatusOr<std::vector<v1::Job>> JobsToList(const Client& client, const JobsFlags& flags) {
  if (flags.all) {
    return client.ListJobs(flags.filter, flags.order);
  }
  v1::ListJobsRequest request;
  request.set_page_size(kNewest);
  request.set_filter(flags.filter);
  request.set_order_by(flags.order);
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(v1::ListJobsResponse newest, client.ListJobsPage(request));
  std::vector<v1::Job> jobs(newest.jobs().begin(), newest.jobs().end());
  if (!flags.order.empty() || newest.next_page_token().empty()) {
    return jobs;
  }
  // Those of them that aren't among the newest are all older, and come in the same order.
  std::set<std::string> seen;
  for (const v1::Job& job : jobs) {
    seen.insert(job.name());
  }
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(
      std::vector<v1::Job> going_on,
      client.ListJobs(flags.filter.empty() ? kNotEnded
                                           : absl::StrCat("(", flags.filter, ") AND ", kNotEnded)));
  for (v1::Job& job : going_on) {
    if (seen.insert(job.name()).second) {
      jobs.push_back(std::move(job));
    }
  }
  return jobs;
}

int List(const Client& client, const JobsFlags& flags) {
  const absl::StatusOr<std::vector<v1::Job>> jobs = JobsToList(client, flags);
  if (!jobs.ok()) {
    return Failed(jobs.status(), client);
  }
  if (flags.json) {
    v1::ListJobsResponse response;
    response.mutable_jobs()->Assign(jobs->begin(), jobs->end());
    std::cout << ToJson(response) << std::flush;
  } else {
    PrintJobs(*jobs, absl::Now(), &std::cout);
    std::cout.flush();
  }
  return kExitOk;
}

int Show(const v1::Job& job, const JobsFlags& flags) {
  if (flags.json) {
    std::cout << ToJson(job);
  } else {
    PrintJob(job, absl::LocalTimeZone(), &std::cout);
  }
  std::cout.flush();
  return kExitOk;
}

// The job's result is a file of one format, chosen when it was started.
absl::Status CheckOutput(const v1::Job& job, const std::string& output) {
  if (output.empty()) {
    return absl::OkStatus();
  }
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const v1::PictureFormat format, FormatOfFile(output));
  const v1::PictureFormat has = job.output().format() == v1::PICTURE_FORMAT_UNSPECIFIED
                                    ? v1::PICTURE_FORMAT_PNG
                                    : job.output().format();
  if (format != has) {
    return absl::InvalidArgumentError(
        absl::StrCat(output, ": the result of ", job.name(), " is a .", ExtensionOf(has), " file"));
  }
  return CheckWritable(output);
}

int Watch(const Client& client, const v1::Job& job, const JobsFlags& flags, InterruptWatcher* interrupts) {
  if (const absl::Status checked = CheckOutput(job, flags.output); !checked.ok()) {
    return UsageError(checked);
  }
  if (const absl::Status prepared = PrepareOutputs(flags); !prepared.ok()) {
    return UsageError(prepared);
  }
  JobSession session({.outputs = flags});
  if (!flags.preview_dir.empty() && !HasEnded(job) && job.preview().every_iterations() == 0 &&
      !job.preview().has_interval()) {
    session.Note(absl::StrCat("The job makes no previews: impasto jobs update ", ShortName(job.name()),
                              " --preview-every N"));
  }
  const std::unique_ptr<StylizeCall> call = client.WatchJob(job.name());
  return session.Run(call.get(), client.address(), interrupts);
}

int Update(const Client& client, const v1::Job& job, JobUpdate update) {
  update.job.set_name(job.name());
  const absl::StatusOr<v1::Job> updated = client.UpdateJob(update.job, update.mask);
  if (!updated.ok()) {
    return Failed(updated.status(), client);
  }
  const auto& changes = updated->original_recipe().changes();
  bool of_recipe = false;
  for (const std::string& path : update.mask) {
    of_recipe = of_recipe || path.rfind("recipe.", 0) == 0;
  }
  if (of_recipe && !changes.empty()) {
    std::cout << job.name() << ": " << DescribeChangeAndStart(*changes.rbegin()) << "\n";
  }
  if (const std::string settings = DescribeSettings(update); !settings.empty()) {
    std::cout << job.name() << ": " << settings << "\n";
  }
  std::cout.flush();
  return kExitOk;
}

int Result(const Client& client, const v1::Job& job, const JobsFlags& flags) {
  if (const absl::Status checked = CheckOutput(job, flags.output); !checked.ok()) {
    return UsageError(checked);
  }
  if (!HasEnded(job) && !flags.wait_for_end) {
    std::cerr << "impasto: " << job.name() << " is " << StateName(job.state()) << " (" << job.iteration()
              << "/" << job.iterations() << ")\n  --wait waits for its end." << std::endl;
    return kExitFailed;
  }
  const std::unique_ptr<StylizeCall> call = client.WatchJob(job.name());
  std::optional<ResultPicture> result;
  while (std::optional<StylizeEvent> event = call->Next()) {
    if (auto* const picture = std::get_if<ResultPicture>(&*event)) {
      result = std::move(*picture);
    }
  }
  const absl::Status status = call->Finish();
  if (!result.has_value()) {
    return Failed(status.ok() ? absl::NotFoundError(absl::StrCat(job.name(), " has no result")) : status,
                  client);
  }
  if (const absl::Status written = WriteFileAtomically(flags.output, result->picture.bytes); !written.ok()) {
    std::cerr << "impasto: can't write " << written.message() << std::endl;
    return kExitFailed;
  }
  if (!status.ok()) {
    std::cerr << job.name() << " didn't come to its end (" << status.message()
              << "); this is its best picture, of iteration " << result->iteration << std::endl;
  }
  std::cout << flags.output << std::endl;
  return kExitOk;
}

using Action = std::function<absl::StatusOr<v1::Job>(const v1::Job&)>;

// Each of the jobs, also after one that failed. The exit status is the first failure's.
int ForEach(const Client& client, const JobsFlags& flags, const Action& action) {
  int exit_code = kExitOk;
  for (const std::string& text : flags.jobs) {
    absl::StatusOr<v1::Job> job = FindJob(client, text);
    if (job.ok()) {
      job = action(*job);
    }
    if (!job.ok()) {
      const int code = Failed(job.status(), client);
      exit_code = exit_code == kExitOk ? code : exit_code;
      continue;
    }
    const bool stopping = flags.command == "cancel" && !HasEnded(*job);
    std::cout << job->name() << ": "
              << (flags.command == "rm" ? "removed"
                  : stopping            ? "stops after its step"
                                        : StateName(job->state()))
              << std::endl;
  }
  return exit_code;
}

absl::StatusOr<v1::Job> Remove(const Client& client, const v1::Job& job, bool force) {
  const bool to_be_ended = force && !HasEnded(job);
  IMPASTO_CLIENT_RETURN_IF_ERROR(to_be_ended ? client.DiscardJob(job.name()) : client.DeleteJob(job.name()));
  return job;
}

}  // namespace

int RunJobs(const JobsFlags& flags, InterruptWatcher* interrupts) {
  absl::StatusOr<JobUpdate> update = JobUpdate();
  if (flags.command == "update") {
    update = BuildUpdate(flags.update);
    if (!update.ok()) {
      return UsageError(update.status());
    }
  }
  EventLines events(flags.events ? &std::cout : nullptr);
  const absl::StatusOr<Client> client = ConnectOrExplain(flags);
  if (!client.ok()) {
    events.End(client.status());
    return ExitCodeForConnect(client.status());
  }
  if (flags.command == "list") {
    return List(*client, flags);
  }
  if (flags.command == "pause") {
    return ForEach(*client, flags, [&client](const v1::Job& job) { return client->PauseJob(job.name()); });
  }
  if (flags.command == "resume") {
    return ForEach(*client, flags, [&client](const v1::Job& job) { return client->ResumeJob(job.name()); });
  }
  if (flags.command == "cancel") {
    return ForEach(*client, flags, [&client](const v1::Job& job) { return client->CancelJob(job.name()); });
  }
  if (flags.command == "rm") {
    return ForEach(*client, flags,
                   [&client, &flags](const v1::Job& job) { return Remove(*client, job, flags.force); });
  }
  const absl::StatusOr<v1::Job> job = FindJob(*client, flags.jobs.front());
  if (!job.ok()) {
    events.End(job.status());
    return Failed(job.status(), *client);
  }
  if (flags.command == "show") {
    return Show(*job, flags);
  }
  if (flags.command == "watch") {
    return Watch(*client, *job, flags, interrupts);
  }
  if (flags.command == "update") {
    return Update(*client, *job, *std::move(update));
  }
  return Result(*client, *job, flags);
}

}  // namespace impasto::cli
