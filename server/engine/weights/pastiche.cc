#include "engine/weights/pastiche.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"

namespace impasto::engine {
namespace {

constexpr absl::string_view kIndices = "_W_q";
constexpr absl::string_view kTable = "_W_table";
constexpr absl::string_view kBias = "_b";
constexpr int64_t kTableSize = 256;  // every uint8 is an index

class PasticheSource final : public TensorSource {
 public:
  explicit PasticheSource(std::unique_ptr<TensorSource> torch_file) : file_(std::move(torch_file)) {}

  const char* format() const override { return "pastiche"; }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }

  absl::Status Pair() {
    const std::vector<TensorInfo>& stored = file_->tensors();
    for (size_t i = 0; i < stored.size(); ++i) {
      absl::string_view layer = stored[i].name;
      if (absl::ConsumeSuffix(&layer, kIndices)) {
        const int table = Find(absl::StrCat(layer, kTable));
        if (table < 0)
          return absl::InvalidArgumentError(absl::StrCat(Quoted(stored[i].name), " has no codebook"));
        const TensorInfo& info = stored[static_cast<size_t>(table)];
        if (stored[i].type != ElementType::kU8) {
          return absl::InvalidArgumentError(absl::StrCat(Quoted(stored[i].name), " holds ",
                                                         ElementName(stored[i].type),
                                                         "; a codebook's indices are uint8"));
        }
        if (info.shape != std::vector<int64_t>{kTableSize} || !info.is_float()) {
          return absl::InvalidArgumentError(
              absl::StrCat("the codebook ", Quoted(info.name), " has the shape ", ShapeText(info.shape),
                           "; it has to be ", kTableSize, " floating-point numbers"));
        }
        Add(absl::StrCat(layer, "/kernel"), ElementType::kU8, stored[i].shape, static_cast<int>(i), table);
      } else if (absl::ConsumeSuffix(&layer, kBias)) {
        Add(absl::StrCat(layer, "/bias"), stored[i].type, stored[i].shape, static_cast<int>(i), -1);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<float>> Read(size_t index) override {
    const Parts& parts = parts_[index];
    IMPASTO_ASSIGN_OR_RETURN(std::vector<float> values, file_->Read(static_cast<size_t>(parts.values)));
    if (parts.table < 0) return values;
    IMPASTO_ASSIGN_OR_RETURN(const std::vector<float> table, file_->Read(static_cast<size_t>(parts.table)));
    for (float& value : values) value = table[static_cast<size_t>(value)];
    return values;
  }

 private:
  struct Parts {
    int values;
    int table;  // -1: the values are no indices
  };

  int Find(absl::string_view name) const {
    for (size_t i = 0; i < file_->tensors().size(); ++i) {
      if (file_->tensors()[i].name == name) return static_cast<int>(i);
    }
    return -1;
  }
  void Add(std::string name, ElementType type, const std::vector<int64_t>& shape, int values, int table) {
    tensors_.push_back({std::move(name), shape, type});
    parts_.push_back({values, table});
  }

  std::unique_ptr<TensorSource> file_;
  std::vector<TensorInfo> tensors_;
  std::vector<Parts> parts_;
};

}  // namespace

bool HasCodebooks(const TensorSource& source) {
  for (const TensorInfo& info : source.tensors()) {
    if (absl::EndsWith(info.name, kTable)) return true;
  }
  return false;
}

absl::StatusOr<std::unique_ptr<TensorSource>> OpenPastiche(std::unique_ptr<TensorSource> torch_file) {
  auto source = std::make_unique<PasticheSource>(std::move(torch_file));
  IMPASTO_RETURN_IF_ERROR(source->Pair());
  return source;
}

}  // namespace impasto::engine
