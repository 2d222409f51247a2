#include "rpc/job_update.h"

#include <google/protobuf/util/field_mask_util.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "rpc/field_checks.h"

namespace impasto::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;
using google::protobuf::util::FieldMaskUtil;

constexpr absl::string_view kTopFields[] = {"display_name", "priority", "detached", "preview"};
// Of `preview` any field can be updated.
constexpr absl::string_view kRecipeFields[] = {"content_weight", "style_weight",         "tv_weight",
                                               "learning_rate",  "iterations",           "content_layers",
                                               "style_layers",   "style_picture_weights"};
// Far more than there are fields.
constexpr int kMaxPaths = 100;

bool IsOneOf(absl::string_view name, const auto& names) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// `path` names a field of Job.
bool CanBeUpdated(absl::string_view path) {
  const size_t dot = path.find('.');
  if (dot == absl::string_view::npos) return IsOneOf(path, kTopFields);
  const absl::string_view outer = path.substr(0, dot);
  const absl::string_view inner = path.substr(dot + 1);
  if (absl::StrContains(inner, '.')) return false;
  return outer == "preview" || (outer == "recipe" && IsOneOf(inner, kRecipeFields));
}

bool IsSet(const Message& message, absl::string_view name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(std::string(name));
  const auto* reflection = message.GetReflection();
  return field->is_repeated() ? reflection->FieldSize(message, field) > 0
                              : reflection->HasField(message, field);
}

FieldMask FieldsSetIn(const v1::Job& job) {
  FieldMask mask;
  for (const absl::string_view name : kTopFields) {
    if (name != "preview" && IsSet(job, name)) mask.add_paths(std::string(name));
  }
  if (job.has_preview()) {
    std::vector<const FieldDescriptor*> fields;
    job.preview().GetReflection()->ListFields(job.preview(), &fields);
    for (const FieldDescriptor* field : fields) mask.add_paths(absl::StrCat("preview.", field->name()));
    if (fields.empty()) mask.add_paths("preview");
  }
  for (const absl::string_view name : kRecipeFields) {
    if (IsSet(job.recipe(), name)) mask.add_paths(absl::StrCat("recipe.", name));
  }
  return mask;
}

std::string UpdatableFields() {
  return absl::StrCat(absl::StrJoin(kTopFields, ", "), " and its fields, recipe.",
                      absl::StrJoin(kRecipeFields, ", recipe."));
}

absl::Status CheckPaths(const FieldMask& mask) {
  if (mask.paths_size() > kMaxPaths) {
    return FieldError("update_mask", absl::StrCat(mask.paths_size(), " paths are more than ", kMaxPaths));
  }
  for (const std::string& path : mask.paths()) {
    if (path == "*") return FieldError("update_mask", "\"*\" isn't taken: name the fields");
    if (!FieldMaskUtil::IsValidPath<v1::Job>(path)) {
      return FieldError("update_mask", absl::StrCat("\"", path, "\" is no field of a job"));
    }
    if (!CanBeUpdated(path)) {
      return FieldError("update_mask",
                        absl::StrCat("\"", path, "\" can't be updated; these can: ", UpdatableFields()));
    }
  }
  return absl::OkStatus();
}

// The recipe's fields have no value that stands for "as before".
absl::Status CheckGiven(const v1::Job& job, const FieldMask& mask) {
  for (const absl::string_view name : kRecipeFields) {
    const std::string path = absl::StrCat("recipe.", name);
    if (IsOneOf(path, mask.paths()) && !IsSet(job.recipe(), name)) {
      return FieldError(path, "is in update_mask, but has no value");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::UpdateJobRequest> NormalizeUpdateJobRequest(const v1::UpdateJobRequest& request) {
  const v1::Job& job = request.job();
  if (!request.has_job()) return FieldError("job", "is required: its name, and the new values");
  IMPASTO_RETURN_IF_ERROR(CheckResourceName(job.name(), "jobs", "job.name"));
  IMPASTO_RETURN_IF_ERROR(CheckPaths(request.update_mask()));
  IMPASTO_RETURN_IF_ERROR(CheckValues(request));

  FieldMask mask = request.update_mask();
  if (mask.paths().empty()) mask = FieldsSetIn(job);
  if (mask.paths().empty()) {
    return FieldError("job",
                      absl::StrCat("has nothing to update; these can be updated: ", UpdatableFields()));
  }
  v1::UpdateJobRequest normalized;
  *normalized.mutable_job() = job;
  FieldMaskUtil::ToCanonicalForm(mask, normalized.mutable_update_mask());
  IMPASTO_RETURN_IF_ERROR(InField("job", CheckGiven(job, normalized.update_mask())));
  IMPASTO_RETURN_IF_ERROR(InField("job", InField("preview", CheckPreview(job.preview()))));
  IMPASTO_RETURN_IF_ERROR(InField("job", CheckDisplayName(job.display_name())));
  return normalized;
}

}  // namespace impasto::rpc
