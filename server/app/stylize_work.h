// One stylization as the scheduler runs it.
#pragma once

#include <memory>
#include <optional>

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
    engine::Recipe
        recipe;  // resolved; with all changes that are known, also those that `state` has behind it
    std::shared_ptr<const engine::Stylization::Pictures> pictures;
    engine::StyleStatisticsSource statistics;
    imaging::Picture original;              // the content, for putting back what the engine doesn't see
    imaging::EncodeOptions result;          // but for `original`
    std::optional<engine::RunState> state;  // where it goes on from
  };
  explicit StylizeWork(Options options);
  ~StylizeWork() override;

  absl::Status Start() override;
  bool started() const override { return stylization_ != nullptr; }
  absl::StatusOr<v1::Progress> Step() override;
  void SetAside() override;

  bool done() const override;
  int iterations_made() const override;
  double remaining_steps() const override;

  absl::Status Change(v1::RecipeChange* change) override;
  void SetPreview(const v1::PreviewOptions& preview) override;
  v1::Recipe recipe() const override;
  v1::Recipe original_recipe() const override;

  jobs::PictureMaker TakePreview() override;
  jobs::PictureMaker TakeResult(v1::Result* result) override;
  jobs::ByteWriter TakeCheckpoint() override;

 private:
  // Planned changes included, in their order.
  std::vector<engine::RecipeChange> AllChanges() const;
  absl::Status ChangeLater(engine::RecipeChange change);

  const std::shared_ptr<const engine::Model> model_;
  engine::Recipe recipe_;  // what it began with, and all changes that it knew or got while it wasn't running
  const std::shared_ptr<const engine::Stylization::Pictures> pictures_;
  const engine::StyleStatisticsSource statistics_;
  const Size size_;  // the working size
  const imaging::Picture original_;
  const imaging::EncodeOptions result_;
  imaging::EncodeOptions preview_;
  std::unique_ptr<engine::Stylization> stylization_;  // running
  std::optional<engine::RunState> state_;             // set aside after its start
};

// What a checkpoint is made of: where it was written, and the run's state.
struct Checkpoint {
  engine::Execution execution;
  engine::RunState state;
};
// DATA_LOSS: it is no checkpoint, or was cut short; FAILED_PRECONDITION: a newer version's.
absl::StatusOr<Checkpoint> ReadCheckpoint(std::istream& in);

}  // namespace impasto::app
