#include "engine/weights/zip_archive.h"

#include <zip.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "engine/weights/tensor_source.h"

namespace impasto::engine {
namespace {

// A VGG's state has 50 entries, a large network's some thousands.
constexpr zip_int64_t kMaxEntries = 100'000;

// libzip's view of a ByteSource.
struct SourceState {
  std::unique_ptr<ByteSource> bytes;
  uint64_t position = 0;
  zip_error_t error;
};

zip_int64_t SourceCallback(void* state_pointer, void* data, zip_uint64_t length, zip_source_cmd_t command) {
  auto* state = static_cast<SourceState*>(state_pointer);
  const uint64_t size = state->bytes->size();
  switch (command) {
    case ZIP_SOURCE_OPEN:
      state->position = 0;
      return 0;
    case ZIP_SOURCE_READ: {
      const uint64_t count = std::min<uint64_t>(length, size - state->position);
      if (!state->bytes->ReadAt(state->position, data, static_cast<size_t>(count)).ok()) {
        zip_error_set(&state->error, ZIP_ER_READ, 0);
        return -1;
      }
      state->position += count;
      return static_cast<zip_int64_t>(count);
    }
    case ZIP_SOURCE_CLOSE:
      return 0;
    case ZIP_SOURCE_STAT: {
      auto* stat = static_cast<zip_stat_t*>(data);
      zip_stat_init(stat);
      stat->valid = ZIP_STAT_SIZE;
      stat->size = size;
      return sizeof(*stat);
    }
    case ZIP_SOURCE_ERROR:
      return zip_error_to_data(&state->error, data, length);
    case ZIP_SOURCE_SEEK: {
      const zip_int64_t to =
          zip_source_seek_compute_offset(state->position, size, data, length, &state->error);
      if (to < 0) return -1;
      state->position = static_cast<uint64_t>(to);
      return 0;
    }
    case ZIP_SOURCE_TELL:
      return static_cast<zip_int64_t>(state->position);
    case ZIP_SOURCE_SUPPORTS:
      return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                            ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
                                            ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS, -1);
    case ZIP_SOURCE_FREE:
      return 0;  // the archive owns the state
    default:
      zip_error_set(&state->error, ZIP_ER_OPNOTSUPP, 0);
      return -1;
  }
}

}  // namespace

struct ZipArchive::Impl {
  SourceState state;
  zip_t* zip = nullptr;
  ~Impl() {
    if (zip != nullptr) zip_discard(zip);
    zip_error_fini(&state.error);
  }
};

ZipArchive::ZipArchive() : impl_(std::make_unique<Impl>()) { zip_error_init(&impl_->state.error); }
ZipArchive::~ZipArchive() = default;

bool ZipArchive::LooksLikeZip(const ByteSource& bytes) {
  char head[4];
  return bytes.size() >= sizeof(head) && bytes.ReadAt(0, head, sizeof(head)).ok() &&
         std::memcmp(head, "PK\x03\x04", sizeof(head)) == 0;
}

absl::StatusOr<std::unique_ptr<ZipArchive>> ZipArchive::Open(std::unique_ptr<ByteSource> bytes) {
  std::unique_ptr<ZipArchive> archive(new ZipArchive);
  SourceState& state = archive->impl_->state;
  state.bytes = std::move(bytes);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_function_create(SourceCallback, &state, &error);
  if (source != nullptr) archive->impl_->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
  if (archive->impl_->zip == nullptr) {
    const std::string reason = zip_error_strerror(&error);
    if (source != nullptr) zip_source_free(source);
    zip_error_fini(&error);
    return absl::InvalidArgumentError(absl::StrCat("the zip file is damaged or cut off: ", reason));
  }
  zip_error_fini(&error);

  zip_t* zip = archive->impl_->zip;
  const zip_int64_t count = zip_get_num_entries(zip, 0);
  if (count > kMaxEntries) {
    return absl::InvalidArgumentError(
        absl::StrCat("the zip file has ", count, " entries; at most ", kMaxEntries, " are read"));
  }
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    zip_stat_init(&stat);
    constexpr zip_uint64_t kNeeded =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if (zip_stat_index(zip, static_cast<zip_uint64_t>(i), 0, &stat) != 0 ||
        (stat.valid & kNeeded) != kNeeded) {
      return absl::InvalidArgumentError(absl::StrCat("the zip file is damaged at its entry ", i));
    }
    archive->entries_.push_back({stat.name, stat.size, stat.comp_size, stat.comp_method == ZIP_CM_STORE});
  }
  return archive;
}

int ZipArchive::Find(absl::string_view name) const {
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

absl::StatusOr<std::string> ZipArchive::Read(size_t entry, uint64_t offset, uint64_t count) const {
  const Entry& info = entries_[entry];
  const auto damaged = [&info](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("entry ", Quoted(info.name), " of the zip file ", what));
  };
  if (offset > info.size || count > info.size - offset) {
    return damaged(absl::StrCat("has ", info.size, " bytes, but ", count, " bytes are expected from byte ",
                                offset, " on"));
  }
  zip_file_t* file = zip_fopen_index(impl_->zip, entry, 0);
  if (file == nullptr) return damaged(absl::StrCat("can't be opened: ", zip_strerror(impl_->zip)));
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> closer(file, zip_fclose);

  // Packed data can only be skipped by unpacking it.
  std::string piece(size_t{64} << 10, '\0');
  while (offset > 0) {
    const zip_int64_t got = zip_fread(file, piece.data(), std::min<uint64_t>(offset, piece.size()));
    if (got <= 0) return damaged("is shorter than it claims");
    offset -= static_cast<uint64_t>(got);
  }
  // Grows as the bytes arrive, so that a claimed size alone costs no memory.
  std::string bytes;
  const bool whole = count == info.size;
  while (bytes.size() < count) {
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(count - bytes.size(), uint64_t{16} << 20));
    const size_t start = bytes.size();
    bytes.resize(start + wanted);
    const zip_int64_t got = zip_fread(file, bytes.data() + start, wanted);
    if (got < 0) return damaged(absl::StrCat("is damaged: ", zip_file_strerror(file)));
    if (got == 0) return damaged("is shorter than it claims");
    bytes.resize(start + static_cast<size_t>(got));
  }
  // libzip compares the checksum when it is asked for what lies behind the last byte.
  if (whole && zip_fread(file, piece.data(), 1) != 0) {
    return damaged("is damaged: its checksum doesn't match");
  }
  return bytes;
}

}  // namespace impasto::engine
