#include "engine/weights/torch_file.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "engine/weights/unpickler.h"

namespace impasto::engine {
namespace {

// torchvision's largest state is described in some 100 kB.
constexpr uint64_t kMaxPickleBytes = uint64_t{16} << 20;
// The span of one tensor in its storage: far above the 10 MB of the largest kernel, far below what hurts.
constexpr int64_t kMaxSpan = int64_t{64} << 20;
// 0x1950a86a20f9469cfc6c, the first pickle of the older format.
constexpr absl::string_view kLegacyMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);

// Where the numbers of a storage are. `offset` and `count` are bytes within it.
class StorageReader {
 public:
  virtual ~StorageReader() = default;
  virtual absl::StatusOr<std::string> Read(const PickledStorage& storage, uint64_t offset,
                                           uint64_t count) = 0;
};

absl::Status Tensor(absl::string_view name, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("tensor ", Quoted(name), " ", what));
}

// The number of elements from the tensor's first to its last, both counted. 0: it has none.
absl::StatusOr<int64_t> Span(const std::string& name, const PickledTensor& tensor) {
  int64_t last = 0;
  bool empty = false;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    if (tensor.shape[i] == 0) {
      empty = true;
      continue;
    }
    int64_t step = 0;
    if (__builtin_mul_overflow(tensor.shape[i] - 1, tensor.strides[i], &step) ||
        __builtin_add_overflow(last, step, &last)) {
      return Tensor(name, "has impossible strides");
    }
  }
  if (empty) return 0;
  int64_t end = 0;
  if (__builtin_add_overflow(tensor.offset, last, &end) || end >= tensor.storage.view_count) {
    return Tensor(
        name, absl::StrCat("of shape ", ShapeText(tensor.shape), " reaches past the end of its storage of ",
                           tensor.storage.view_count, " numbers"));
  }
  return last + 1;
}

class TorchSource final : public TensorSource {
 public:
  TorchSource(std::unique_ptr<StorageReader> storages, std::vector<TensorInfo> tensors,
              std::vector<PickledTensor> pickled)
      : storages_(std::move(storages)), tensors_(std::move(tensors)), pickled_(std::move(pickled)) {}

  const char* format() const override { return "torch"; }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }

  absl::StatusOr<std::vector<float>> Read(size_t index) override {
    const std::string& name = tensors_[index].name;
    const PickledTensor& tensor = pickled_[index];
    IMPASTO_ASSIGN_OR_RETURN(const int64_t span, Span(name, tensor));
    if (span == 0) return std::vector<float>();
    if (span > kMaxSpan) return Tensor(name, absl::StrCat("spans ", span, " numbers of its storage"));
    const uint64_t width = ElementBytes(tensor.storage.type);
    const uint64_t first = static_cast<uint64_t>(tensor.storage.view_offset + tensor.offset);
    IMPASTO_ASSIGN_OR_RETURN(const std::string bytes, storages_->Read(tensor.storage, first * width,
                                                                      static_cast<uint64_t>(span) * width));
    std::vector<float> flat = ToFloats(tensor.storage.type, bytes, static_cast<size_t>(span));
    return Gather(tensor, std::move(flat));
  }

 private:
  static std::vector<float> Gather(const PickledTensor& tensor, std::vector<float> flat) {
    const size_t rank = tensor.shape.size();
    const int64_t count = ElementCount(tensor.shape, INT64_MAX);
    bool contiguous = count == static_cast<int64_t>(flat.size());
    int64_t expected = 1;
    for (size_t i = rank; i-- > 0 && contiguous;) {
      contiguous = tensor.shape[i] == 1 || tensor.strides[i] == expected;
      expected *= tensor.shape[i];
    }
    if (contiguous) return flat;
    std::vector<float> values(static_cast<size_t>(count));
    std::vector<int64_t> index(rank, 0);
    int64_t position = 0;
    for (float& value : values) {
      value = flat[static_cast<size_t>(position)];
      for (size_t i = rank; i-- > 0;) {  // the next index, the last dimension fastest
        position += tensor.strides[i];
        if (++index[i] < tensor.shape[i]) break;
        position -= tensor.strides[i] * tensor.shape[i];
        index[i] = 0;
      }
    }
    return values;
  }

  std::unique_ptr<StorageReader> storages_;
  std::vector<TensorInfo> tensors_;
  std::vector<PickledTensor> pickled_;
};

struct State {
  std::vector<TensorInfo> tensors;
  std::vector<PickledTensor> pickled;
};

absl::StatusOr<State> ReadState(const PickledValue& root) {
  if (root.kind != PickledValue::Kind::kDict) {
    return absl::InvalidArgumentError(
        "the file holds no dict of tensors; save model.state_dict(), not the model");
  }
  std::map<absl::string_view, const PickledTensor*>
      named;  // a key that comes twice counts once: the last value, as in Python
  for (size_t i = 0; i + 1 < root.items.size(); i += 2) {
    const PickledValue& key = *root.items[i];
    const PickledValue& value = *root.items[i + 1];
    if (key.kind == PickledValue::Kind::kText && value.kind == PickledValue::Kind::kTensor)
      named[key.text] = value.tensor.get();
  }
  State state;
  for (const auto& [name, tensor] : named) {
    state.tensors.push_back({std::string(name), tensor->shape, tensor->storage.type});
    IMPASTO_RETURN_IF_ERROR(Span(state.tensors.back().name, *tensor).status());
    state.pickled.push_back(*tensor);
  }
  return state;
}

class ZipStorages final : public StorageReader {
 public:
  ZipStorages(std::unique_ptr<ZipArchive> archive, std::string folder)
      : archive_(std::move(archive)), folder_(std::move(folder)) {}

  absl::StatusOr<std::string> Read(const PickledStorage& storage, uint64_t offset, uint64_t count) override {
    const std::string name = absl::StrCat(folder_, "data/", storage.key);
    const int entry = archive_->Find(name);
    if (entry < 0)
      return absl::InvalidArgumentError(absl::StrCat("the file lacks the storage ", Quoted(name)));
    const ZipArchive::Entry& info = archive_->entries()[static_cast<size_t>(entry)];
    // Torch stores, so that an entry is never larger than the file.
    if (!info.stored)
      return absl::InvalidArgumentError(
          absl::StrCat("the storage ", Quoted(name), " is compressed, as torch never does"));
    if (info.size / ElementBytes(storage.type) < static_cast<uint64_t>(storage.count)) {
      return absl::InvalidArgumentError(absl::StrCat("the storage ", Quoted(name), " has ", info.size,
                                                     " bytes, too few for ", storage.count, " numbers of ",
                                                     ElementName(storage.type)));
    }
    return archive_->Read(static_cast<size_t>(entry), offset, count);
  }

 private:
  std::unique_ptr<ZipArchive> archive_;
  std::string folder_;  // with its slash
};

class LegacyStorages final : public StorageReader {
 public:
  struct Place {
    uint64_t offset = 0;
    int64_t count = 0;
  };
  LegacyStorages(std::unique_ptr<ByteSource> bytes, std::map<std::string, Place> places)
      : bytes_(std::move(bytes)), places_(std::move(places)) {}

  absl::StatusOr<std::string> Read(const PickledStorage& storage, uint64_t offset, uint64_t count) override {
    const auto it = places_.find(storage.key);
    if (it == places_.end() || it->second.count != storage.count) {
      return absl::InvalidArgumentError(absl::StrCat("the file lacks the storage ", Quoted(storage.key),
                                                     " of ", storage.count, " numbers"));
    }
    return bytes_->Read(it->second.offset + offset, count);
  }

 private:
  std::unique_ptr<ByteSource> bytes_;
  std::map<std::string, Place> places_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TensorSource>> OpenTorchZip(std::unique_ptr<ZipArchive> archive) {
  int pickle = -1;
  for (size_t i = 0; i < archive->entries().size(); ++i) {
    const std::string& name = archive->entries()[i].name;
    if (name == "data.pkl" || absl::EndsWith(name, "/data.pkl")) {
      if (pickle >= 0) return absl::InvalidArgumentError("the zip file has several data.pkl");
      pickle = static_cast<int>(i);
    }
  }
  if (pickle < 0) return absl::InvalidArgumentError("the zip file has no data.pkl");
  const ZipArchive::Entry& entry = archive->entries()[static_cast<size_t>(pickle)];
  if (entry.size > kMaxPickleBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("data.pkl has ", entry.size, " bytes; at most ", kMaxPickleBytes, " are read"));
  }
  const std::string folder = entry.name.substr(0, entry.name.size() - std::strlen("data.pkl"));
  if (const int order = archive->Find(folder + "byteorder"); order >= 0) {
    IMPASTO_ASSIGN_OR_RETURN(
        const std::string text,
        archive->Read(static_cast<size_t>(order), 0,
                      std::min<uint64_t>(archive->entries()[static_cast<size_t>(order)].size, 16)));
    if (text != "little")
      return absl::InvalidArgumentError("its numbers are big-endian; little-endian ones are read");
  }
  IMPASTO_ASSIGN_OR_RETURN(const std::string bytes,
                           archive->Read(static_cast<size_t>(pickle), 0, entry.size));
  size_t used = 0;
  IMPASTO_ASSIGN_OR_RETURN(const Unpickled unpickled, Unpickle(bytes, &used));
  IMPASTO_ASSIGN_OR_RETURN(State state, ReadState(unpickled.root()));
  return std::make_unique<TorchSource>(std::make_unique<ZipStorages>(std::move(archive), folder),
                                       std::move(state.tensors), std::move(state.pickled));
}

bool LooksLikeTorchLegacy(const ByteSource& bytes) {
  // PROTO n, LONG1 of ten bytes, the magic number; protocol 4 puts a frame between.
  const absl::StatusOr<std::string> head = bytes.Read(0, std::min<uint64_t>(bytes.size(), 32));
  return head.ok() && !head->empty() && (*head)[0] == '\x80' && absl::StrContains(*head, kLegacyMagic);
}

absl::StatusOr<std::unique_ptr<TensorSource>> OpenTorchLegacy(std::unique_ptr<ByteSource> bytes) {
  IMPASTO_ASSIGN_OR_RETURN(const std::string head, bytes->Read(0, std::min(bytes->size(), kMaxPickleBytes)));
  // Five pickles: the magic number, the protocol, the writer's system, the dict, and the keys of the storages
  // that follow.
  size_t position = 0;
  const auto next = [&head, &position]() -> absl::StatusOr<Unpickled> {
    size_t used = 0;
    IMPASTO_ASSIGN_OR_RETURN(Unpickled pickle, Unpickle(absl::string_view(head).substr(position), &used));
    position += used;
    return pickle;
  };
  IMPASTO_ASSIGN_OR_RETURN(const Unpickled magic, next());
  if (magic.root().kind != PickledValue::Kind::kBigInt || magic.root().text != kLegacyMagic) {
    return absl::InvalidArgumentError("it doesn't start as a torch file does");
  }
  IMPASTO_ASSIGN_OR_RETURN(const Unpickled protocol, next());
  if (protocol.root().kind != PickledValue::Kind::kInt || protocol.root().integer != 1001) {
    return absl::InvalidArgumentError("its torch file protocol is not 1001");
  }
  IMPASTO_ASSIGN_OR_RETURN(const Unpickled system, next());
  const PickledValue* little = system.root().Get("little_endian");
  if (little == nullptr || little->kind != PickledValue::Kind::kBool || little->integer != 1) {
    return absl::InvalidArgumentError("its numbers are big-endian; little-endian ones are read");
  }
  IMPASTO_ASSIGN_OR_RETURN(const Unpickled dict, next());
  IMPASTO_ASSIGN_OR_RETURN(State state, ReadState(dict.root()));
  IMPASTO_ASSIGN_OR_RETURN(const Unpickled keys, next());
  if (keys.root().kind != PickledValue::Kind::kList)
    return absl::InvalidArgumentError("its list of storages is damaged");

  // The storages lie one behind the other, each behind its length. Only their users tell the size of an
  // element.
  std::map<std::string, const PickledStorage*> users;
  for (const PickledTensor& tensor : state.pickled) users[tensor.storage.key] = &tensor.storage;
  std::map<std::string, LegacyStorages::Place> places;
  uint64_t offset = position;
  for (const PickledValue* key : keys.root().items) {
    const auto user = users.find(key->text);
    if (key->kind != PickledValue::Kind::kText || user == users.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the storage ", Quoted(key->text), " belongs to no tensor of the file's dict"));
    }
    int64_t count = 0;
    IMPASTO_RETURN_IF_ERROR(bytes->ReadAt(offset, &count, sizeof(count)));
    offset += sizeof(count);
    const uint64_t left = bytes->size() - offset;
    const uint64_t width = ElementBytes(user->second->type);
    if (count != user->second->count || static_cast<uint64_t>(count) > left / width) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the storage ", Quoted(key->text), " claims ", count, " numbers where ", user->second->count,
          " are expected and ", left, " bytes are left: the file is damaged or cut off"));
    }
    places[key->text] = {offset, count};
    offset += static_cast<uint64_t>(count) * width;
  }
  return std::make_unique<TorchSource>(std::make_unique<LegacyStorages>(std::move(bytes), std::move(places)),
                                       std::move(state.tensors), std::move(state.pickled));
}

}  // namespace impasto::engine
