// Turns a StylizeRequest into a job's work: finds its model and pictures, fills its recipe in, forecasts its
// memory, and refuses what can't work.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/model_registry.h"
#include "app/style_library.h"
#include "app/style_statistics_cache.h"
#include "app/upload_store.h"
#include "base/size.h"
#include "engine/memory_forecast.h"
#include "imaging/picture.h"
#include "jobs/work.h"

namespace impasto::app {

// Thread-safe.
class StylizeFactory final : public jobs::WorkFactory {
 public:
  struct Options {
    // All required; they outlive the factory and its works.
    ModelRegistry* models = nullptr;
    UploadStore* uploads = nullptr;
    StyleLibrary* styles = nullptr;
    StyleStatisticsCache* statistics = nullptr;
    imaging::Limits limits;
    int64_t memory_budget = 0;  // bytes, of all jobs together
  };
  explicit StylizeFactory(const Options& options) : options_(options) {}

  // The request is one that rpc::ValidateStylizeRequest has nothing against. Errors are those of
  // Stylization.Stylize.
  absl::StatusOr<jobs::PreparedJob> Prepare(std::shared_ptr<const v1::StylizeRequest> request,
                                            const v1::Job* previous, std::istream* checkpoint) override;

  // What it would take, by the pictures' headers. Errors as Prepare's, but for memory.
  absl::StatusOr<v1::EstimateJobResponse> Estimate(const v1::StylizeRequest& request);

 private:
  // What can be said of a job before a picture is decoded.
  struct Outline {
    std::shared_ptr<const v1::StylizeRequest> request;  // with all pictures in it
    std::shared_ptr<const engine::Model> model;
    engine::Recipe recipe;
    Size working;
    std::vector<Size> styles;    // at style_size
    int64_t original_bytes = 0;  // of the decoded content picture, which is kept for the result
    jobs::MemoryNeed memory;
    v1::Accepted accepted;
  };
  absl::StatusOr<Outline> MakeOutline(const v1::StylizeRequest& request, const v1::Recipe& recipe);
  absl::StatusOr<std::shared_ptr<const v1::StylizeRequest>> WithPictures(const v1::StylizeRequest& request);
  absl::Status ForecastMemory(Size content, const std::vector<Size>& styles, Outline* outline) const;

  const Options options_;
};

}  // namespace impasto::app
