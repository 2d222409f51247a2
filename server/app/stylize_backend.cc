#include "app/stylize_backend.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "app/picture_proto.h"
#include "app/recipe_proto.h"
#include "app/stylize_work.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "engine/pyramid.h"

namespace impasto::app {
namespace {

constexpr size_t kMissingShown = 5;

std::string At(std::string_view list, int index) { return absl::StrFormat("%s[%d]", list, index); }

// A partial weights file is fine for layers that don't need what it lacks.
absl::Status CheckWeights(const engine::Model& model, const char* field,
                          const std::vector<engine::LayerWeight>& layers) {
  const std::vector<std::string>& missing = model.missing_layers();
  if (missing.empty()) return absl::OkStatus();
  for (size_t i = 0; i < layers.size(); ++i) {
    IMPASTO_ASSIGN_OR_RETURN(const engine::Graph needed, model.graph().Prune({layers[i].layer}));
    std::vector<std::string> lacking;
    for (const engine::Node& node : needed.nodes()) {
      if (std::find(missing.begin(), missing.end(), node.name) != missing.end()) lacking.push_back(node.name);
    }
    if (lacking.empty()) continue;
    const size_t count = lacking.size();
    lacking.resize(std::min(count, kMissingShown));
    return FieldError(
        absl::StrCat("recipe.", field, "[", i, "].layer"),
        absl::StrCat(layers[i].layer, " needs weights that ", model.origin(),
                     " lacks: ", absl::StrJoin(lacking, ", "),
                     count > kMissingShown ? absl::StrCat(" and ", count - kMissingShown, " more") : ""),
        absl::StatusCode::kFailedPrecondition);
  }
  return absl::OkStatus();
}

absl::Status CheckDepth(const engine::Graph& graph, const std::vector<std::string>& taps,
                        const Image& picture) {
  IMPASTO_ASSIGN_OR_RETURN(const engine::Graph pruned, graph.Prune(taps));
  return pruned.Shapes(picture.height, picture.width).status();
}

std::vector<std::string> Names(const std::vector<engine::LayerWeight>& layers) {
  std::vector<std::string> names;
  for (const engine::LayerWeight& layer : layers) names.push_back(layer.layer);
  return names;
}

}  // namespace

absl::StatusOr<std::shared_ptr<jobs::Job>> StylizeBackend::Stylize(
    std::shared_ptr<const v1::StylizeRequest> request) {
  return options_.scheduler->Submit([this, request = std::move(request)] { return Prepare(*request); });
}

absl::StatusOr<imaging::Picture> StylizeBackend::ReadPicture(const v1::Picture& picture) const {
  switch (picture.source_case()) {
    case v1::Picture::kEncoded:
      return imaging::Picture::Decode(picture.encoded(), options_.limits);
    case v1::Picture::kRaw: {
      IMPASTO_RETURN_IF_ERROR(InField("raw", CheckRawLayout(picture.raw(), options_.limits)));
      auto result = imaging::Picture::FromRaw(RawPixelsFromProto(picture.raw()), options_.limits);
      if (!result.ok()) return InField("raw", result.status());
      return result;
    }
    case v1::Picture::kUpload: {
      const auto upload = options_.uploads->Find(picture.upload());
      if (!upload.ok()) return InField("upload", upload.status());
      if ((*upload)->raw) return imaging::Picture::FromRaw((*upload)->layout, options_.limits);
      return imaging::Picture::Decode((*upload)->data, options_.limits);
    }
    case v1::Picture::SOURCE_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("no picture is given");
}

absl::StatusOr<jobs::PreparedJob> StylizeBackend::Prepare(const v1::StylizeRequest& request) const {
  const absl::StatusOr<std::string> model_id = ModelId(request.recipe().model());
  if (!model_id.ok()) return InField("recipe.model", model_id.status());
  absl::StatusOr<JobModel> acquired = options_.models->Acquire(*model_id);
  if (!acquired.ok()) {
    return absl::IsNotFound(acquired.status()) ? InField("recipe.model", acquired.status())
                                               : acquired.status();
  }
  const std::shared_ptr<const engine::Model> model = acquired->model;

  const RecipeContext context{.graph = &model->graph(),
                              .family = model->family(),
                              .weights_sha256 = model->sha256(),
                              .style_pictures = request.styles_size()};
  absl::StatusOr<engine::Recipe> recipe = ResolveRecipe(request.recipe(), context);
  if (!recipe.ok()) return InField("recipe", recipe.status());
  IMPASTO_RETURN_IF_ERROR(CheckWeights(*model, "content_layers", recipe->content_layers));
  IMPASTO_RETURN_IF_ERROR(CheckWeights(*model, "style_layers", recipe->style_layers));

  absl::StatusOr<imaging::Picture> content = ReadPicture(request.content());
  if (!content.ok()) return InField("content", content.status());
  const auto pictures = std::make_shared<engine::Stylization::Pictures>();
  absl::StatusOr<Image> working = content->Working(recipe->max_size);
  if (!working.ok()) return InField("content", working.status());
  pictures->content = *std::move(working);

  const std::vector<std::string> style_taps = Names(recipe->style_layers);
  std::vector<std::string> taps = Names(recipe->content_layers);
  taps.insert(taps.end(), style_taps.begin(), style_taps.end());
  IMPASTO_RETURN_IF_ERROR(InField("content", CheckDepth(model->graph(), taps, pictures->content)));

  for (int i = 0; i < request.styles_size(); ++i) {
    const std::string field = At("styles", i);
    const absl::StatusOr<imaging::Picture> style = ReadPicture(request.styles(i));
    if (!style.ok()) return InField(field, style.status());
    absl::StatusOr<Image> image = style->Working(recipe->style_size);
    if (!image.ok()) return InField(field, image.status());
    IMPASTO_RETURN_IF_ERROR(InField(field, CheckDepth(model->graph(), style_taps, *image)));
    pictures->styles.emplace_back(*std::move(image));
  }
  if (request.has_initial()) {
    const absl::StatusOr<imaging::Picture> initial = ReadPicture(request.initial());
    if (!initial.ok()) return InField("initial", initial.status());
    absl::StatusOr<Image> image = initial->Resized(pictures->content.width, pictures->content.height);
    if (!image.ok()) return InField("initial", image.status());
    pictures->init = *std::move(image);
  }

  recipe->pyramid_levels =
      engine::PyramidLevels(recipe->pyramid_levels, recipe->iterations,
                            {pictures->content.width, pictures->content.height}, pictures->style_sizes());

  jobs::PreparedJob job;
  *job.accepted.mutable_recipe() = RecipeToProto(*recipe);
  job.accepted.set_width(pictures->content.width);
  job.accepted.set_height(pictures->content.height);
  for (const std::string& warning : acquired->warnings) job.accepted.add_warnings(warning);
  job.previews = PreviewScheduleFromProto(request.preview());
  job.summary = absl::StrFormat("%s %s %dx%d, %d iterations", recipe->model, recipe->preset,
                                pictures->content.width, pictures->content.height, recipe->iterations);
  const imaging::EncodeOptions result = ResultOptions(request.output(), content->has_alpha());
  job.work =
      std::make_unique<StylizeWork>(StylizeWork::Options{.model = model,
                                                         .recipe = *std::move(recipe),
                                                         .pictures = pictures,
                                                         .original = *std::move(content),
                                                         .result = result,
                                                         .preview = PreviewEncodeOptions(request.preview())});
  return job;
}

}  // namespace impasto::app
