#include "rpc/job_fields.h"

#include <google/protobuf/timestamp.pb.h>

#include <algorithm>

#include "absl/strings/str_join.h"
#include "absl/time/time.h"

namespace impasto::rpc {
namespace {

using Kind = JobField::Kind;

JobValue TimeValue(bool is_set, const google::protobuf::Timestamp& time) {
  if (!is_set) return kNoTime;
  return absl::ToUnixNanos(absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()));
}

const JobField kFields[] = {
    {"name", Kind::kText, [](const v1::Job& job) -> JobValue { return job.name(); }},
    {"state", Kind::kEnum, [](const v1::Job& job) -> JobValue { return int64_t{job.state()}; },
     v1::Job::State_descriptor, "STATE_"},
    {"priority", Kind::kEnum,
     [](const v1::Job& job) -> JobValue {
       return int64_t{job.priority() == v1::PRIORITY_UNSPECIFIED ? v1::PRIORITY_NORMAL : job.priority()};
     },
     v1::Priority_descriptor, "PRIORITY_"},
    {"detached", Kind::kBool, [](const v1::Job& job) -> JobValue { return int64_t{job.detached()}; }},
    {"client", Kind::kText, [](const v1::Job& job) -> JobValue { return job.client(); }},
    {"display_name", Kind::kText, [](const v1::Job& job) -> JobValue { return job.display_name(); }},
    {"request_id", Kind::kText, [](const v1::Job& job) -> JobValue { return job.request_id(); }},
    {"recipe.model", Kind::kText, [](const v1::Job& job) -> JobValue { return job.recipe().model(); }},
    {"iteration", Kind::kInteger, [](const v1::Job& job) -> JobValue { return int64_t{job.iteration()}; }},
    {"create_time", Kind::kTime,
     [](const v1::Job& job) { return TimeValue(job.has_create_time(), job.create_time()); }},
    {"end_time", Kind::kTime,
     [](const v1::Job& job) { return TimeValue(job.has_end_time(), job.end_time()); }},
};

}  // namespace

absl::Span<const JobField> JobFields() { return kFields; }

const JobField* FindJobField(absl::string_view path) {
  const auto field =
      std::find_if(std::begin(kFields), std::end(kFields), [&](const JobField& f) { return f.path == path; });
  return field == std::end(kFields) ? nullptr : field;
}

std::string JobFieldNames() {
  return absl::StrJoin(kFields, ", ",
                       [](std::string* out, const JobField& field) { out->append(field.path); });
}

}  // namespace impasto::rpc
