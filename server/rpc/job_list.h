// ListJobs: filter, order, pages.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "impasto/v1/stylization.pb.h"

namespace impasto::rpc {

// Fills in the page that the request asks for. A page begins after the last job of the page before, wherever
// that stands by then: jobs that come and go in between repeat no other, and hide none; only a job whose own
// place changes may be seen twice or not at all. INVALID_ARGUMENT, naming the field: a bad filter, order,
// page size or token.
absl::Status ListJobsPage(std::vector<v1::Job> jobs, const v1::ListJobsRequest& request,
                          v1::ListJobsResponse* response);

}  // namespace impasto::rpc
