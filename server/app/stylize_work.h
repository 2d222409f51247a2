// One stylization as the scheduler runs it.
#pragma once

#include <memory>

#include "base/size.h"
#include "engine/stylization.h"
#include "imaging/picture.h"
#include "jobs/work.h"

namespace impasto::app {

// As jobs::Work says: one thread at a time.
class StylizeWork final : public jobs::Work {
 public:
  struct Options {
    std::shared_ptr<const engine::Model> model;
    engine::Recipe recipe;  // resolved
    std::shared_ptr<const engine::Stylization::Pictures> pictures;
    imaging::Picture original;      // the content, for putting back what the engine doesn't see
    imaging::EncodeOptions result;  // but for `original`
    imaging::EncodeOptions preview;
  };
  explicit StylizeWork(Options options);
  ~StylizeWork() override;

  absl::Status Start() override;
  absl::StatusOr<v1::Progress> Step() override;
  bool done() const override;
  int iterations_made() const override;
  double remaining_steps() const override;
  jobs::PictureMaker TakePreview() override;
  jobs::PictureMaker TakeResult(v1::Result* result) override;

 private:
  std::shared_ptr<const engine::Model> model_;
  const engine::Recipe recipe_;
  const std::shared_ptr<const engine::Stylization::Pictures> pictures_;
  const Size size_;  // the working size
  const imaging::Picture original_;
  const imaging::EncodeOptions result_;
  const imaging::EncodeOptions preview_;
  std::unique_ptr<engine::Stylization> stylization_;
};

}  // namespace impasto::app
