#include "impasto/connection.h"

namespace impasto {
namespace {

absl::Status NotOverridden() { return absl::UnimplementedError("not implemented by this Connection"); }

}  // namespace

// The defaults of a class whose owner has overridden what it needs.
// NOLINTBEGIN(performance-unnecessary-value-param): overrides move from what is passed by value
#define IMPASTO_NOT_OVERRIDDEN(Result, Method, Request) \
  Result Connection::Method(Request /*request*/) { return NotOverridden(); }

IMPASTO_NOT_OVERRIDDEN(absl::StatusOr<v1::EstimateJobResponse>, EstimateJob, v1::EstimateJobRequest)
IMPASTO_NOT_OVERRIDDEN(absl::StatusOr<v1::UploadPictureResponse>, UploadPicture, const v1::Picture&)
IMPASTO_NOT_OVERRIDDEN(absl::StatusOr<v1::Job>, GetJob, const v1::GetJobRequest&)
IMPASTO_NOT_OVERRIDDEN(absl::StatusOr<v1::ListJobsResponse>, ListJobs, const v1::ListJobsRequest&)
IMPASTO_NOT_OVERRIDDEN(absl::StatusOr<v1::Job>, UpdateJob, const v1::UpdateJobRequest&)
IMPASTO_NOT_OVERRIDDEN(absl::StatusOr<v1::Job>, CancelJob, const v1::CancelJobRequest&)
IMPASTO_NOT_OVERRIDDEN(absl::StatusOr<v1::Job>, PauseJob, const v1::PauseJobRequest&)
IMPASTO_NOT_OVERRIDDEN(absl::StatusOr<v1::Job>, ResumeJob, const v1::ResumeJobRequest&)
IMPASTO_NOT_OVERRIDDEN(absl::Status, DeleteJob, const v1::DeleteJobRequest&)
IMPASTO_NOT_OVERRIDDEN(absl::StatusOr<v1::Style>, CreateStyle, v1::CreateStyleRequest)
IMPASTO_NOT_OVERRIDDEN(absl::StatusOr<v1::Style>, GetStyle, const v1::GetStyleRequest&)
IMPASTO_NOT_OVERRIDDEN(absl::StatusOr<v1::ListStylesResponse>, ListStyles, const v1::ListStylesRequest&)
IMPASTO_NOT_OVERRIDDEN(absl::Status, DeleteStyle, const v1::DeleteStyleRequest&)
IMPASTO_NOT_OVERRIDDEN(absl::StatusOr<v1::ListModelsResponse>, ListModels, const v1::ListModelsRequest&)
IMPASTO_NOT_OVERRIDDEN(absl::StatusOr<v1::Model>, GetModel, const v1::GetModelRequest&)
IMPASTO_NOT_OVERRIDDEN(absl::StatusOr<v1::Model>, LoadModel, const v1::LoadModelRequest&)
IMPASTO_NOT_OVERRIDDEN(absl::StatusOr<v1::Model>, UnloadModel, const v1::UnloadModelRequest&)

// NOLINTEND(performance-unnecessary-value-param)
#undef IMPASTO_NOT_OVERRIDDEN

}  // namespace impasto
