// ListJobsRequest.filter: a part of google.aip.dev/160.
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "impasto/v1/job.pb.h"

namespace impasto::rpc {

// Thread-safe.
using JobPredicate = std::function<bool(const v1::Job&)>;

// Comparisons FIELD OPERATOR VALUE of the fields in job_fields.h, joined by AND, OR (which binds tighter than
// AND) and NOT or "-", with parentheses. Empty: every job.
//
// Values are in quotes (' or ", with \ before a quote or a \), or extend to the next space or parenthesis.
// Text: = and != with a "*" at an end for whatever stands there, and ":", which means "contains", whatever
// the case. Enums and bools: =, != and ":", which is "=". Numbers and times (RFC 3339): all operators.
// FIELD:* means that it is there: text that isn't empty, a time that is set. A time that isn't set is != to
// every time and nothing else.
//
// INVALID_ARGUMENT, naming `filter`, with the position (from 1, bytes) and what was expected there: it is
// none of that, longer than 1000 characters, or nested more than 20 deep.
absl::StatusOr<JobPredicate> ParseJobFilter(absl::string_view filter);

}  // namespace impasto::rpc
