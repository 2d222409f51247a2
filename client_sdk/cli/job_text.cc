#include "cli/job_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/json.h"
#include "cli/recipe_change.h"
#include "cli/table.h"
#include "cli/units.h"

namespace impasto::cli {
namespace {

// "running" for STATE_RUNNING; a later server's value, which has no name here, is "unknown".
std::string LowerWithout(const char* prefix, const std::string& name) {
  return name.empty() ? "unknown" : absl::AsciiStrToLower(name.substr(std::string(prefix).size()));
}

std::string SizeOf(const v1::Job& job) {
  return job.width() > 0 ? absl::StrCat(job.width(), "x", job.height()) : "-";
}

std::string ProgressOf(const v1::Job& job) { return absl::StrCat(job.iteration(), "/", job.iterations()); }

std::string LossOf(const v1::Job& job) {
  return job.total_loss() > 0 ? absl::StrFormat("%.4g", job.total_loss()) : "-";
}

}  // namespace

std::string StateName(v1::Job::State state) {
  return LowerWithout("STATE_", v1::Job::State_IsValid(state) ? v1::Job::State_Name(state) : "");
}

std::string PriorityName(v1::Priority priority) {
  return priority == v1::PRIORITY_UNSPECIFIED
             ? "normal"
             : LowerWithout("PRIORITY_", v1::Priority_IsValid(priority) ? v1::Priority_Name(priority) : "");
}

bool HasEnded(const v1::Job& job) {
  return job.state() == v1::Job::STATE_SUCCEEDED || job.state() == v1::Job::STATE_CANCELLED ||
         job.state() == v1::Job::STATE_FAILED;
}

void PrintJobs(const std::vector<v1::Job>& jobs, absl::Time now, std::ostream* out) {
  std::vector<Row> rows = {{"JOB", "STATE", "PRIORITY", "MODEL", "SIZE", "PROGRESS", "LOSS", "AGE", "NAME"}};
  for (const v1::Job& job : jobs) {
    rows.push_back({ShortName(job.name()), StateName(job.state()), PriorityName(job.priority()),
                    OrDash(ShortName(job.recipe().model())), SizeOf(job), ProgressOf(job), LossOf(job),
                    ShortDuration(absl::ToDoubleSeconds(now - TimeOf(job.create_time()))),
                    job.display_name()});
  }
  PrintTable(rows, out);
}

void PrintJob(const v1::Job& job, absl::TimeZone zone, std::ostream* out) {
  std::vector<Row> facts = {{"job", job.name()},
                            {"name", OrDash(job.display_name())},
                            {"state", StateName(job.state())},
                            {"priority", PriorityName(job.priority())},
                            {"client", OrDash(job.client())},
                            {"detached", job.detached() ? "yes" : "no"},
                            {"watchers", absl::StrCat(job.watchers())},
                            {"size", SizeOf(job)},
                            {"progress", ProgressOf(job)},
                            {"loss", LossOf(job)},
                            {"on the device", ShortDuration(Seconds(job.device_time()))}};
  if (job.has_remaining()) {
    facts.push_back({"remaining", ShortDuration(Seconds(job.remaining()))});
  }
  if (job.memory().peak_bytes() > 0) {
    facts.push_back({"memory", ShortBytes(job.memory().peak_bytes())});
  }
  facts.push_back({"created", ShortTime(job.create_time(), zone)});
  if (job.has_start_time()) {
    facts.push_back({"started", ShortTime(job.start_time(), zone)});
  }
  if (job.has_end_time()) {
    facts.push_back({"ended", ShortTime(job.end_time(), zone)});
  }
  if (job.has_expire_time()) {
    facts.push_back({HasEnded(job) ? "kept until" : "waits until", ShortTime(job.expire_time(), zone)});
  }
  facts.push_back({"result", job.has_result() ? "yes" : "no"});
  if (!job.request_id().empty()) {
    facts.push_back({"request id", job.request_id()});
  }
  if (job.has_error()) {
    facts.push_back({"error", job.error().message()});
  }
  for (const std::string& warning : job.warnings()) {
    facts.push_back({"warning", warning});
  }
  PrintTable(facts, out);
  if (!job.original_recipe().changes().empty()) {
    *out << "\nChanges while it ran:\n";
    for (const v1::RecipeChange& change : job.original_recipe().changes()) {
      *out << DescribeChangeAndStart(change) << "\n";
    }
  }
  *out << "\nRecipe in force:\n" << ToJson(job.recipe());
}

}  // namespace impasto::cli
