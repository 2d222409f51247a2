#include "engine/weights/keras_h5.h"

#include <hdf5.h>

#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/mutex.h"
#include "base/status_macros.h"

namespace impasto::engine {
namespace {

// Keras nests three deep (model_weights/LAYER/LAYER/kernel:0), a model inside a model four.
constexpr int kMaxDepth = 8;
// ResNet-152 has some 1200 datasets and groups.
constexpr size_t kMaxObjects = 20'000;
constexpr size_t kMaxLayerNames = 4096;
constexpr size_t kMaxNameBytes = 1024;
constexpr int kMaxRank = 8;
// A chunk is unpacked as a whole, whatever part of it is asked for. Keras writes none, tools that repack
// write small ones.
constexpr hsize_t kMaxChunkElements = hsize_t{64} << 20;
// Deflate, the densest of the filters that are let in, packs at most 1032 to 1.
constexpr uint64_t kMaxPacking = 1032;

// The library keeps global state, and not every build of it is thread-safe.
Mutex& LibraryMutex() {
  static auto& mutex = *new Mutex;
  return mutex;
}

// Owns an identifier of the library.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  hid_t get() const { return id_; }
  bool ok() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

absl::Status Damaged(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("the HDF5 file is damaged: ", what));
}

// The library prints its errors to stderr, and loads filter plug-ins from the disk if a file asks for one:
// both off.
void PrepareLibrary() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // per thread where the library is thread-safe
  H5PLset_loading_state(0);
}

// The identity of an object in its file, by which loops are found.
absl::StatusOr<std::string> ObjectIdentity(hid_t object) {
#if H5_VERSION_GE(1, 12, 0)
  H5O_info2_t info;
  if (H5Oget_info3(object, &info, H5O_INFO_BASIC) < 0) return Damaged("an object can't be read");
  return std::string(reinterpret_cast<const char*>(&info.token), sizeof(info.token));
#else
  H5O_info_t info;
  if (H5Oget_info(object, &info) < 0) return Damaged("an object can't be read");
  return absl::StrCat(info.addr);
#endif
}

struct Link {
  std::string name;
  H5L_type_t type;
};

extern "C" herr_t CollectLink(hid_t, const char* name, const H5L_info_t* info, void* to) {
  auto* links = static_cast<std::vector<Link>*>(to);
  if (links->size() == kMaxObjects) return -1;
  links->push_back({name, info->type});
  return 0;
}

bool IsGroup(const Handle& object) { return H5Iget_type(object.get()) == H5I_GROUP; }

absl::Status CheckFilters(hid_t creation, const std::string& path) {
  const int count = H5Pget_nfilters(creation);
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0;
    size_t values = 0;
    const H5Z_filter_t filter =
        H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, nullptr);
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32) {
      return absl::InvalidArgumentError(absl::StrCat("dataset ", Quoted(path), " is packed with filter ",
                                                     filter, "; deflate, shuffle and fletcher32 are read"));
    }
  }
  return absl::OkStatus();
}

// Its numbers have to lie in this file, and to be as many as its shape says: a shape costs nothing to claim.
absl::Status CheckStorage(hid_t dataset, const std::string& path, const TensorInfo& info) {
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  if (!creation.ok()) return Damaged(absl::StrCat("dataset ", Quoted(path), " can't be read"));
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED) {
    return absl::InvalidArgumentError(
        absl::StrCat("dataset ", Quoted(path), " keeps its data in other files or datasets"));
  }
  if (H5Pget_external_count(creation.get()) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("dataset ", Quoted(path), " keeps its data in another file"));
  }
  uint64_t packing = 1;
  if (layout == H5D_CHUNKED) {
    IMPASTO_RETURN_IF_ERROR(CheckFilters(creation.get(), path));
    hsize_t chunk[H5S_MAX_RANK];
    const int rank = H5Pget_chunk(creation.get(), H5S_MAX_RANK, chunk);
    hsize_t elements = 1;
    for (int i = 0; i < rank; ++i) {
      if (chunk[i] > kMaxChunkElements) elements = kMaxChunkElements + 1;
      if (elements <= kMaxChunkElements) elements *= chunk[i];
    }
    if (rank < 0 || elements > kMaxChunkElements) {
      return absl::InvalidArgumentError(
          absl::StrCat("dataset ", Quoted(path), " has chunks of more than ", kMaxChunkElements, " numbers"));
    }
    packing = kMaxPacking;
  }
  const int64_t count = ElementCount(info.shape, INT64_MAX / 8);
  const uint64_t stored = H5Dget_storage_size(dataset);
  if (count < 0 || stored < static_cast<uint64_t>(count) * ElementBytes(info.type) / packing) {
    return absl::InvalidArgumentError(absl::StrCat("dataset ", Quoted(path), " claims the shape ",
                                                   ShapeText(info.shape), ", but has only ", stored,
                                                   " bytes of data"));
  }
  return absl::OkStatus();
}

class KerasH5Source final : public TensorSource {
 public:
  explicit KerasH5Source(Handle file) : file_(std::move(file)) {}
  ~KerasH5Source() override {
    MutexLock lock(&LibraryMutex());
    const Handle last = std::move(file_);  // closed under the lock
  }

  const char* format() const override { return "keras-h5"; }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::vector<std::string> claimed_layers() const override { return claimed_layers_; }

  absl::StatusOr<std::vector<float>> Read(size_t index) override {
    const TensorInfo& info = tensors_[index];
    MutexLock lock(&LibraryMutex());
    PrepareLibrary();
    const Handle dataset(H5Dopen2(file_.get(), info.name.c_str(), H5P_DEFAULT), H5Dclose);
    if (!dataset.ok()) return Damaged(absl::StrCat("dataset ", Quoted(info.name), " can't be opened"));
    std::vector<float> values(static_cast<size_t>(ElementCount(info.shape, INT64_MAX)));
    if (H5Dread(dataset.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) {
      return Damaged(
          absl::StrCat("the numbers of dataset ", Quoted(info.name), " can't be read; it may be cut off"));
    }
    return values;
  }

  // Holding the library's lock.
  absl::Status Scan() {
    // A saved model keeps its weights in model_weights, beside the optimiser's state.
    const bool saved_model = H5Lexists(file_.get(), "model_weights", H5P_DEFAULT) > 0;
    H5L_info_t link;
    if (saved_model &&
        (H5Lget_info(file_.get(), "model_weights", &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD)) {
      return absl::InvalidArgumentError("'model_weights' is a soft or external link; links are not followed");
    }
    const std::string root = saved_model ? "model_weights" : "/";
    const Handle group(H5Gopen2(file_.get(), root.c_str(), H5P_DEFAULT), H5Gclose);
    if (!group.ok()) return Damaged(absl::StrCat("group ", root, " can't be opened"));
    IMPASTO_RETURN_IF_ERROR(ScanGroup(group.get(), saved_model ? root : "", 0));
    return ReadLayerNames(group.get());
  }

 private:
  absl::Status ScanGroup(hid_t group, const std::string& path, int depth) {
    if (depth == kMaxDepth) {
      return absl::InvalidArgumentError(
          absl::StrCat("group ", Quoted(path), " lies more than ", kMaxDepth, " deep"));
    }
    IMPASTO_ASSIGN_OR_RETURN(std::string identity, ObjectIdentity(group));
    if (!groups_.insert(std::move(identity)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("group ", Quoted(path), " is linked a second time: the file has loops"));
    }
    std::vector<Link> links;
    hsize_t position = 0;
    if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &position, CollectLink, &links) < 0) {
      return Damaged(absl::StrCat("group ", Quoted(path), " can't be listed"));
    }
    for (const Link& link : links) {
      if (++objects_ > kMaxObjects) {
        return absl::InvalidArgumentError(
            absl::StrCat("the file has more than ", kMaxObjects, " groups and datasets"));
      }
      const std::string below = path.empty() ? link.name : absl::StrCat(path, "/", link.name);
      if (link.type != H5L_TYPE_HARD) {
        return absl::InvalidArgumentError(
            absl::StrCat(Quoted(below), " is a ", link.type == H5L_TYPE_SOFT ? "soft" : "external",
                         " link; links are not followed, and no weights file has any"));
      }
      const Handle object(H5Oopen(group, link.name.c_str(), H5P_DEFAULT), H5Oclose);
      if (!object.ok()) return Damaged(absl::StrCat(Quoted(below), " can't be opened"));
      if (IsGroup(object)) {
        IMPASTO_RETURN_IF_ERROR(ScanGroup(object.get(), below, depth + 1));
      } else if (H5Iget_type(object.get()) == H5I_DATASET) {
        IMPASTO_RETURN_IF_ERROR(ScanDataset(object.get(), below));
      }
    }
    return absl::OkStatus();
  }

  absl::Status ScanDataset(hid_t dataset, const std::string& path) {
    const Handle type(H5Dget_type(dataset), H5Tclose);
    const Handle space(H5Dget_space(dataset), H5Sclose);
    if (!type.ok() || !space.ok()) return Damaged(absl::StrCat("dataset ", Quoted(path), " can't be read"));
    if (H5Tget_class(type.get()) != H5T_FLOAT)
      return absl::OkStatus();  // an optimiser's counter, a text: no weights
    TensorInfo info{.name = path};
    switch (H5Tget_size(type.get())) {
      case 2:
        info.type = ElementType::kF16;
        break;
      case 4:
        info.type = ElementType::kF32;
        break;
      case 8:
        info.type = ElementType::kF64;
        break;
      default:
        return absl::InvalidArgumentError(absl::StrCat("dataset ", Quoted(path), " has numbers of ",
                                                       H5Tget_size(type.get()),
                                                       " bytes; 2, 4 and 8 are read"));
    }
    if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) return absl::OkStatus();
    const int rank = H5Sget_simple_extent_ndims(space.get());
    if (rank < 0 || rank > kMaxRank) {
      return absl::InvalidArgumentError(absl::StrCat("dataset ", Quoted(path), " has ", rank, " dimensions"));
    }
    hsize_t dimensions[kMaxRank];
    H5Sget_simple_extent_dims(space.get(), dimensions, nullptr);
    for (int i = 0; i < rank; ++i) {
      if (dimensions[i] > (hsize_t{1} << 40)) {
        return absl::InvalidArgumentError(
            absl::StrCat("dataset ", Quoted(path), " has the impossible dimension ", dimensions[i]));
      }
      info.shape.push_back(static_cast<int64_t>(dimensions[i]));
    }
    IMPASTO_RETURN_IF_ERROR(CheckStorage(dataset, path, info));
    tensors_.push_back(std::move(info));
    return absl::OkStatus();
  }

  // The attribute layer_names. It only helps to tell models apart, so a strange one is left alone.
  absl::Status ReadLayerNames(hid_t group) {
    if (H5Aexists(group, "layer_names") <= 0) return absl::OkStatus();
    const Handle attribute(H5Aopen(group, "layer_names", H5P_DEFAULT), H5Aclose);
    if (!attribute.ok()) return Damaged("the attribute layer_names can't be opened");
    const Handle type(H5Aget_type(attribute.get()), H5Tclose);
    const Handle space(H5Aget_space(attribute.get()), H5Sclose);
    if (!type.ok() || !space.ok()) return Damaged("the attribute layer_names can't be read");
    const hssize_t count = H5Sget_simple_extent_npoints(space.get());
    if (H5Tget_class(type.get()) != H5T_STRING || count <= 0 ||
        count > static_cast<hssize_t>(kMaxLayerNames)) {
      return absl::OkStatus();
    }
    const Handle memory_type(H5Tcopy(H5T_C_S1), H5Tclose);
    if (H5Tis_variable_str(type.get()) > 0) {
      H5Tset_size(memory_type.get(), H5T_VARIABLE);
      H5Tset_cset(memory_type.get(), H5Tget_cset(type.get()));
      std::vector<char*> names(static_cast<size_t>(count), nullptr);
      if (H5Aread(attribute.get(), memory_type.get(), names.data()) < 0)
        return Damaged("the attribute layer_names can't be read");
      for (const char* name : names) {
        if (name != nullptr) claimed_layers_.emplace_back(name, strnlen(name, kMaxNameBytes));
      }
      H5Dvlen_reclaim(memory_type.get(), space.get(), H5P_DEFAULT, names.data());
      return absl::OkStatus();
    }
    const size_t width = H5Tget_size(type.get());
    if (width == 0 || width > kMaxNameBytes) return absl::OkStatus();
    std::string bytes(static_cast<size_t>(count) * width, '\0');
    if (H5Aread(attribute.get(), type.get(), bytes.data()) < 0)
      return Damaged("the attribute layer_names can't be read");
    for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
      const char* name = bytes.data() + i * width;
      claimed_layers_.emplace_back(name, strnlen(name, width));
    }
    return absl::OkStatus();
  }

  Handle file_;
  std::vector<TensorInfo> tensors_;
  std::vector<std::string> claimed_layers_;
  std::set<std::string> groups_;
  size_t objects_ = 0;
};

}  // namespace

bool LooksLikeHdf5(const ByteSource& bytes) {
  char head[8];
  return bytes.size() >= sizeof(head) && bytes.ReadAt(0, head, sizeof(head)).ok() &&
         std::memcmp(head, "\x89HDF\r\n\x1a\n", sizeof(head)) == 0;
}

absl::StatusOr<std::unique_ptr<TensorSource>> OpenKerasH5(const std::string& path) {
  std::unique_ptr<KerasH5Source> source;
  {
    MutexLock lock(&LibraryMutex());
    PrepareLibrary();
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
#if H5_VERSION_GE(1, 10, 7)
    // The library's file locks fail on network drives; a reader needs none.
    H5Pset_file_locking(access.get(), false, true);
#endif
    Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
    if (!file.ok())
      return absl::InvalidArgumentError("the HDF5 file can't be opened: it is damaged or cut off");
    source = std::make_unique<KerasH5Source>(std::move(file));
  }
  absl::Status status;
  {
    MutexLock lock(&LibraryMutex());
    status = source->Scan();
  }
  // The source locks when it closes: not in the block above.
  IMPASTO_RETURN_IF_ERROR(status);
  return source;
}

}  // namespace impasto::engine
