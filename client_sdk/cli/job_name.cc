#include "cli/job_name.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cli/table.h"
#include "impasto/internal/status_macros.h"

namespace impasto::cli {
namespace {

// Less would mean another job tomorrow.
constexpr size_t kMinPrefix = 4;
// How many of several are named.
constexpr int kNamed = 5;

absl::StatusOr<v1::Job> FindLast(const Client& client) {
  v1::ListJobsRequest request;
  request.set_page_size(1);
  request.set_filter(absl::StrCat("client = \"", client.name(), "\""));
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const v1::ListJobsResponse response, client.ListJobsPage(request));
  if (response.jobs().empty()) {
    return absl::NotFoundError("last: the server has no job of yours");
  }
  return response.jobs(0);
}

}  // namespace

absl::StatusOr<v1::Job> FindJob(const Client& client, const std::string& text) {
  if (text == "last") {
    return FindLast(client);
  }
  const std::string id(absl::StripPrefix(text, "jobs/"));
  if (id.empty() || !std::all_of(id.begin(), id.end(), [](unsigned char c) {
        return absl::ascii_isalnum(c) || c == '-' || c == '_';
      })) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" isn't the name of a job"));
  }
  absl::StatusOr<v1::Job> job = client.GetJob(absl::StrCat("jobs/", id));
  if (!absl::IsNotFound(job.status()) || id.size() < kMinPrefix) {
    return job;
  }
  v1::ListJobsRequest request;
  request.set_page_size(kNamed);
  request.set_filter(absl::StrCat("name = \"jobs/", id, "*\""));
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const v1::ListJobsResponse found, client.ListJobsPage(request));
  if (found.jobs().empty()) {
    return job.status();
  }
  if (found.jobs_size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is the start of several jobs: ",
                                                   absl::StrJoin(found.jobs(), ", ",
                                                                 [](std::string* out, const v1::Job& one) {
                                                                   absl::StrAppend(out,
                                                                                   ShortName(one.name()));
                                                                 }),
                                                   found.next_page_token().empty() ? "" : ", ..."));
  }
  return found.jobs(0);
}

}  // namespace impasto::cli
