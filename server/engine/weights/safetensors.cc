#include "engine/weights/safetensors.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"

namespace impasto::engine {
namespace {

// The format's own limit.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
// The largest published vision networks have some thousands; more is not a header but an attack on memory.
constexpr size_t kMaxTensors = 100'000;
constexpr size_t kMaxRank = 8;

struct Entry {
  TensorInfo info;
  std::string dtype;
  std::vector<uint64_t> offsets;
  bool has_shape = false;
};

// Reads the header as it streams by, without a tree of it in memory: a hostile header of 100 MB would need
// gigabytes.
class HeaderHandler final : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::vector<Entry> entries;
  std::string error;

  bool null() override { return Unexpected("null"); }
  bool boolean(bool) override { return Unexpected("a truth value"); }
  bool number_integer(number_integer_t) override { return Unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return Unexpected("a fraction"); }
  bool binary(binary_t&) override { return Unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ != 3 || in_metadata_) return Unexpected("a number");
    Entry& entry = entries.back();
    if (field_ == "shape") {
      if (entry.info.shape.size() == kMaxRank)
        return Fail(absl::StrCat("has more than ", kMaxRank, " dimensions"));
      if (value > (uint64_t{1} << 40)) return Fail(absl::StrCat("has the impossible dimension ", value));
      entry.info.shape.push_back(static_cast<int64_t>(value));
      return true;
    }
    if (field_ == "data_offsets" && entry.offsets.size() < 2) {
      entry.offsets.push_back(value);
      return true;
    }
    return Unexpected("a number");
  }

  bool string(string_t& value) override {
    if (in_metadata_ && depth_ == 2) return true;
    if (depth_ != 2 || field_ != "dtype") return Unexpected("a text");
    entries.back().dtype = value;
    return true;
  }

  bool start_object(std::size_t) override {
    if (depth_ == 0) {
      depth_ = 1;
      return true;
    }
    if (depth_ != 1) return Unexpected("an object");
    depth_ = 2;
    return true;
  }

  bool key(string_t& name) override {
    if (depth_ == 2) {
      field_ = name;
      return true;
    }
    in_metadata_ = name == "__metadata__";
    if (!names_.insert(name).second) {
      error = absl::StrCat("the header has ", Quoted(name), " twice");
      return false;
    }
    if (in_metadata_) return true;
    if (entries.size() == kMaxTensors) {
      error = absl::StrCat("the header has more than ", kMaxTensors, " tensors");
      return false;
    }
    entries.emplace_back();
    entries.back().info.name = name;
    return true;
  }

  bool end_object() override {
    --depth_;
    if (depth_ == 1) in_metadata_ = false;
    return true;
  }

  bool start_array(std::size_t) override {
    if (depth_ != 2 || in_metadata_) return Unexpected("an array");
    if (field_ == "shape") entries.back().has_shape = true;
    depth_ = 3;
    return true;
  }

  bool end_array() override {
    --depth_;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    error = absl::StrCat("the header is no JSON: it breaks at byte ", position);
    return false;
  }

 private:
  bool Fail(absl::string_view what) {
    error = absl::StrCat("tensor ", Quoted(entries.back().info.name), " ", what);
    return false;
  }
  bool Unexpected(absl::string_view what) {
    error =
        absl::StrCat("the header has ", what, " where none belongs",
                     entries.empty() ? "" : absl::StrCat(", near tensor ", Quoted(entries.back().info.name)));
    return false;
  }

  int depth_ = 0;  // 1: among the tensors, 2: in one, 3: in its shape or offsets
  bool in_metadata_ = false;
  std::string field_;
  std::set<std::string> names_;
};

absl::Status SetType(Entry* entry) {
  static constexpr std::pair<absl::string_view, ElementType> kTypes[] = {
      {"F64", ElementType::kF64},   {"F32", ElementType::kF32}, {"F16", ElementType::kF16},
      {"BF16", ElementType::kBF16}, {"U8", ElementType::kU8},   {"I8", ElementType::kI8},
      {"I16", ElementType::kI16},   {"I32", ElementType::kI32}, {"I64", ElementType::kI64},
      {"BOOL", ElementType::kBool}};
  for (const auto& [name, type] : kTypes) {
    if (entry->dtype == name) {
      entry->info.type = type;
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(absl::StrCat("tensor ", Quoted(entry->info.name),
                                                 " has the unknown dtype ", Quoted(entry->dtype),
                                                 "; F64, F32, F16 and BF16 are read"));
}

class SafetensorsSource final : public TensorSource {
 public:
  SafetensorsSource(std::unique_ptr<ByteSource> bytes, std::vector<TensorInfo> tensors,
                    std::vector<uint64_t> starts)
      : bytes_(std::move(bytes)), tensors_(std::move(tensors)), starts_(std::move(starts)) {}

  const char* format() const override { return "safetensors"; }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }

  absl::StatusOr<std::vector<float>> Read(size_t index) override {
    const TensorInfo& info = tensors_[index];
    const int64_t count = ElementCount(info.shape, INT64_MAX);
    IMPASTO_ASSIGN_OR_RETURN(
        const std::string data,
        bytes_->Read(starts_[index], static_cast<uint64_t>(count) * ElementBytes(info.type)));
    return ToFloats(info.type, data, static_cast<size_t>(count));
  }

 private:
  std::unique_ptr<ByteSource> bytes_;
  std::vector<TensorInfo> tensors_;
  std::vector<uint64_t> starts_;  // of each tensor's data in the file
};

}  // namespace

bool LooksLikeSafetensors(const ByteSource& bytes) {
  char head[9];
  if (bytes.size() < sizeof(head) || !bytes.ReadAt(0, head, sizeof(head)).ok()) return false;
  uint64_t length = 0;
  std::memcpy(&length, head, sizeof(length));
  // A file that was cut off has a length past its end: it is still one, and gets that as its reason. Larger
  // numbers are some other format's first bytes.
  return head[8] == '{' && length < (uint64_t{1} << 40);
}

absl::StatusOr<std::unique_ptr<TensorSource>> OpenSafetensors(std::unique_ptr<ByteSource> bytes) {
  uint64_t length = 0;
  IMPASTO_RETURN_IF_ERROR(bytes->ReadAt(0, &length, sizeof(length)));
  if (length > kMaxHeaderBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the header claims ", length, " bytes; the format allows ", kMaxHeaderBytes));
  }
  IMPASTO_ASSIGN_OR_RETURN(const std::string header, bytes->Read(sizeof(length), length));
  HeaderHandler handler;
  if (!nlohmann::json::sax_parse(header, &handler)) return absl::InvalidArgumentError(handler.error);

  const uint64_t data_start = sizeof(length) + length;
  const uint64_t data_bytes = bytes->size() - data_start;
  std::vector<TensorInfo> tensors;
  std::vector<uint64_t> starts;
  for (Entry& entry : handler.entries) {
    IMPASTO_RETURN_IF_ERROR(SetType(&entry));
    const std::string name = absl::StrCat("tensor ", Quoted(entry.info.name));
    if (!entry.has_shape || entry.offsets.size() != 2) {
      return absl::InvalidArgumentError(absl::StrCat(name, " lacks its shape or its data_offsets"));
    }
    const uint64_t begin = entry.offsets[0];
    const uint64_t end = entry.offsets[1];
    if (begin > end || end > data_bytes) {
      return absl::InvalidArgumentError(absl::StrCat(name, " lies at bytes ", begin, " to ", end,
                                                     " of the data, which has ", data_bytes,
                                                     " bytes: the file is cut off or damaged"));
    }
    const int64_t count = ElementCount(entry.info.shape, INT64_MAX / 8);
    if (count < 0 || static_cast<uint64_t>(count) * ElementBytes(entry.info.type) != end - begin) {
      return absl::InvalidArgumentError(absl::StrCat(name, " of shape ", ShapeText(entry.info.shape),
                                                     " and dtype ", entry.dtype, " has ", end - begin,
                                                     " bytes of data, which doesn't match"));
    }
    starts.push_back(data_start + begin);
    tensors.push_back(std::move(entry.info));
  }
  return std::make_unique<SafetensorsSource>(std::move(bytes), std::move(tensors), std::move(starts));
}

}  // namespace impasto::engine
