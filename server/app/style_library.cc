#include "app/style_library.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <istream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "app/request_picture.h"
#include "base/field_error.h"
#include "base/files.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "jobs/proto_times.h"
#include "jobs/sqlite/checked_file.h"
#include "jobs/sqlite/set_aside.h"

namespace impasto::app {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kCollection = "styles/";
constexpr size_t kIdDigits = 16;
constexpr absl::string_view kStyleSuffix = ".style";
constexpr absl::string_view kPictureSuffix = "-picture";  // behind the style's own file name
constexpr int kThumbnailSide = 128;
constexpr absl::Duration kUseInterval = absl::Hours(1);

std::string NameOf(absl::string_view sha256) {
  return absl::StrCat(kCollection, sha256.substr(0, kIdDigits));
}

std::string IdOf(const v1::Style& style) { return std::string(absl::StripPrefix(style.name(), kCollection)); }

absl::Status NoSuchStyle(const std::string& name) {
  return absl::NotFoundError(absl::StrCat("no style \"", name.substr(0, 64), "\" in the library"));
}

absl::StatusOr<std::string> MakeThumbnail(const imaging::Picture& picture) {
  IMPASTO_ASSIGN_OR_RETURN(const Image small, picture.Working(kThumbnailSide));
  IMPASTO_ASSIGN_OR_RETURN(imaging::Encoded encoded,
                           imaging::Encode(small, {.format = imaging::Format::kJpeg, .quality = 85}));
  return std::move(encoded.data);
}

absl::Status WriteMessage(const std::string& path, const google::protobuf::MessageLite& message) {
  return jobs::WriteCheckedFile(
      path, [&](const jobs::ByteSink& sink) { return sink(message.SerializeAsString()); });
}

// DATA_LOSS: it isn't what was written.
absl::Status ReadMessage(const std::string& path, google::protobuf::MessageLite* message) {
  IMPASTO_ASSIGN_OR_RETURN(const std::unique_ptr<std::istream> file, jobs::OpenCheckedFile(path));
  if (message->ParseFromIstream(file.get())) return absl::OkStatus();
  if (file->bad()) return absl::UnavailableError(absl::StrCat(path, " can't be read"));
  return absl::DataLossError(absl::StrCat(path, " isn't of the kind that its name says"));
}

absl::Status Remove(const std::string& path) {
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return FileError(errno, path, "removed");
}

}  // namespace

StyleLibrary::StyleLibrary(Options options) : options_(std::move(options)) { ReadFolder(); }

StyleLibrary::~StyleLibrary() {
  MutexLock changes(&changes_);
  std::vector<std::string> used;
  {
    MutexLock lock(&mutex_);
    for (const auto& [name, entry] : styles_) {
      if (jobs::ToTime(entry.style.last_use_time()) != entry.use_on_disk) used.push_back(name);
    }
  }
  for (const std::string& name : used) WriteUse(name);
}

absl::StatusOr<v1::Style> StyleLibrary::CreateStyle(const v1::CreateStyleRequest& request) {
  absl::StatusOr<v1::Picture> picture = InlinePicture(request.picture(), *options_.uploads);
  if (!picture.ok()) return InField("picture", picture.status());
  if (const auto size = PictureSize(*picture, options_.limits); !size.ok())
    return InField("picture", size.status());
  TakeOutPadding(&*picture);

  v1::Style style;
  style.set_sha256(PictureSha256(*picture));
  style.set_name(NameOf(style.sha256()));
  style.set_display_name(request.display_name());
  {
    MutexLock changes(&changes_);
    IMPASTO_ASSIGN_OR_RETURN(const std::optional<v1::Style> existing, Existing(style));
    if (existing.has_value()) return *existing;
  }

  const absl::StatusOr<imaging::Picture> decoded = DecodePicture(*picture, options_.limits);
  if (!decoded.ok()) return InField("picture", decoded.status());
  style.set_width(decoded->width());
  style.set_height(decoded->height());
  style.set_size_bytes(static_cast<int64_t>(picture->has_raw() ? picture->raw().data().size() +
                                                                     picture->raw().icc_profile().size()
                                                               : picture->encoded().size()));
  IMPASTO_ASSIGN_OR_RETURN(*style.mutable_thumbnail(), MakeThumbnail(*decoded));

  MutexLock changes(&changes_);
  // Another call may have been quicker.
  IMPASTO_ASSIGN_OR_RETURN(const std::optional<v1::Style> existing, Existing(style));
  if (existing.has_value()) return *existing;
  IMPASTO_RETURN_IF_ERROR(CheckRoom(style.size_bytes()));
  *style.mutable_create_time() = jobs::ToTimestamp(options_.wall_time());
  Entry entry{.style = style, .use_on_disk = jobs::ToTime(style.last_use_time())};
  if (options_.folder.empty()) {
    entry.found = std::make_shared<const LibraryStyle>(LibraryStyle{style.sha256(), *std::move(picture)});
  } else {
    IMPASTO_RETURN_IF_ERROR(WriteBoth(style, *picture));
  }
  MutexLock lock(&mutex_);
  styles_[style.name()] = std::move(entry);
  return style;
}

absl::StatusOr<v1::Style> StyleLibrary::GetStyle(const std::string& name) { return Known(name); }

std::vector<v1::Style> StyleLibrary::ListStyles() {
  std::vector<v1::Style> styles;
  {
    MutexLock lock(&mutex_);
    for (const auto& [name, entry] : styles_) styles.push_back(entry.style);
  }
  std::stable_sort(styles.begin(), styles.end(), [](const v1::Style& a, const v1::Style& b) {
    return jobs::ToTime(a.create_time()) > jobs::ToTime(b.create_time());
  });
  return styles;
}

absl::Status StyleLibrary::DeleteStyle(const std::string& name) {
  MutexLock changes(&changes_);
  IMPASTO_ASSIGN_OR_RETURN(const v1::Style style, Known(name));
  if (!options_.folder.empty()) {
    const std::string path = Path(IdOf(style));
    IMPASTO_RETURN_IF_ERROR(Remove(path));
    // Without the style's own file the picture is nobody's, and goes with the next start at the latest.
    if (const absl::Status status = Remove(absl::StrCat(path, kPictureSuffix)); !status.ok())
      Warn(std::string(status.message()));
    if (const absl::Status status = SyncDirectory(options_.folder); !status.ok())
      Warn(std::string(status.message()));
  }
  MutexLock lock(&mutex_);
  styles_.erase(name);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const LibraryStyle>> StyleLibrary::Find(const std::string& name) {
  IMPASTO_ASSIGN_OR_RETURN(v1::Style style, Known(name));
  if (options_.folder.empty()) {
    MutexLock lock(&mutex_);
    const auto it = styles_.find(name);
    if (it == styles_.end()) return NoSuchStyle(name);
    return it->second.found;
  }
  if (auto found = ReadPicture(style); found.ok()) return found;
  // It may have been deleted meanwhile, and even put again. Now nobody can.
  MutexLock changes(&changes_);
  IMPASTO_ASSIGN_OR_RETURN(style, Known(name));
  auto found = ReadPicture(style);
  if (found.ok() || !(absl::IsDataLoss(found.status()) || absl::IsNotFound(found.status()))) return found;
  SetAside(IdOf(style), found.status());
  MutexLock lock(&mutex_);
  styles_.erase(name);
  return absl::DataLossError(absl::StrCat(
      "the picture of ", name, " was damaged on the server's disk: put it into the library again"));
}

void StyleLibrary::Touch(const std::string& name) {
  const absl::Time now = options_.wall_time();
  {
    MutexLock lock(&mutex_);
    const auto it = styles_.find(name);
    if (it == styles_.end()) return;
    *it->second.style.mutable_last_use_time() = jobs::ToTimestamp(now);
    if (now - it->second.use_on_disk < kUseInterval) return;
  }
  MutexLock changes(&changes_);
  WriteUse(name);
}

absl::StatusOr<v1::Style> StyleLibrary::Known(const std::string& name) {
  MutexLock lock(&mutex_);
  const auto it = styles_.find(name);
  if (it == styles_.end()) return NoSuchStyle(name);
  return it->second.style;
}

absl::StatusOr<std::optional<v1::Style>> StyleLibrary::Existing(const v1::Style& style) {
  absl::StatusOr<v1::Style> known = Known(style.name());
  if (!known.ok()) return std::nullopt;
  if (known->sha256() != style.sha256()) {
    return absl::AlreadyExistsError(
        absl::StrCat(style.name(), " is another picture, whose SHA-256 begins with the same digits"));
  }
  if (style.display_name().empty() || style.display_name() == known->display_name()) return *known;
  known->set_display_name(style.display_name());
  IMPASTO_RETURN_IF_ERROR(WriteStyle(*known));
  MutexLock lock(&mutex_);
  Entry& entry = styles_[style.name()];
  entry.use_on_disk = jobs::ToTime(known->last_use_time());
  entry.style.set_display_name(style.display_name());
  return entry.style;
}

absl::Status StyleLibrary::CheckRoom(int64_t bytes) {
  const int64_t limit = options_.folder.empty() ? options_.max_memory_bytes : options_.max_bytes;
  int64_t used = 0;
  MutexLock lock(&mutex_);
  for (const auto& [name, entry] : styles_) used += entry.style.size_bytes();
  if (styles_.size() >= static_cast<size_t>(options_.max_styles)) {
    return absl::ResourceExhaustedError(absl::StrCat("the library is full: it has ", styles_.size(),
                                                     " styles, at most ", options_.max_styles,
                                                     "; delete some"));
  }
  if (bytes > limit - used) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the library is full: its pictures take ", HumanBytes(static_cast<double>(used)), " of ",
                     HumanBytes(static_cast<double>(limit)), ", and this one has ",
                     HumanBytes(static_cast<double>(bytes)), "; delete some"));
  }
  return absl::OkStatus();
}

absl::Status StyleLibrary::WriteBoth(const v1::Style& style, const v1::Picture& picture) {
  IMPASTO_RETURN_IF_ERROR(MakeDirectory(options_.folder));
  const std::string picture_path = absl::StrCat(Path(IdOf(style)), kPictureSuffix);
  absl::Status status = WriteMessage(picture_path, picture);
  if (status.ok()) status = WriteStyle(style);
  if (!status.ok()) Remove(picture_path).IgnoreError();
  return status;
}

absl::Status StyleLibrary::WriteStyle(const v1::Style& style) {
  if (options_.folder.empty()) return absl::OkStatus();
  return WriteMessage(Path(IdOf(style)), style);
}

void StyleLibrary::WriteUse(const std::string& name) {
  const absl::StatusOr<v1::Style> style = Known(name);
  if (!style.ok()) return;
  if (const absl::Status status = WriteStyle(*style); !status.ok()) {
    Warn(absl::StrCat("the last use of ", name, " isn't written down: ", status.message()));
    return;
  }
  MutexLock lock(&mutex_);
  styles_[name].use_on_disk = jobs::ToTime(style->last_use_time());
}

absl::StatusOr<std::shared_ptr<const LibraryStyle>> StyleLibrary::ReadPicture(const v1::Style& style) const {
  auto found = std::make_shared<LibraryStyle>();
  found->sha256 = style.sha256();
  IMPASTO_RETURN_IF_ERROR(ReadMessage(absl::StrCat(Path(IdOf(style)), kPictureSuffix), &found->picture));
  return found;
}

absl::StatusOr<v1::Style> StyleLibrary::ReadStyle(const std::string& id) const {
  v1::Style style;
  IMPASTO_RETURN_IF_ERROR(ReadMessage(Path(id), &style));
  if (IdOf(style) != id || NameOf(style.sha256()) != style.name())
    return absl::DataLossError(absl::StrCat(Path(id), " is about another picture"));
  std::error_code error;
  if (!fs::is_regular_file(absl::StrCat(Path(id), kPictureSuffix), error))
    return absl::DataLossError(absl::StrCat(Path(id), " has no picture beside it"));
  return style;
}

void StyleLibrary::ReadFolder() {
  if (options_.folder.empty()) return;
  std::vector<std::string> ids;
  std::vector<std::string> pictures;
  std::error_code error;
  for (fs::directory_iterator it(options_.folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    absl::string_view id = name;
    if (absl::EndsWith(name, jobs::kHalfWritten)) {
      Remove(it->path()).IgnoreError();
    } else if (absl::ConsumeSuffix(&id, kStyleSuffix)) {
      ids.emplace_back(id);
    } else if (absl::ConsumeSuffix(&id, absl::StrCat(kStyleSuffix, kPictureSuffix))) {
      pictures.emplace_back(id);
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    Warn(absl::StrCat("the style library can't be read: ",
                      FileError(error.value(), options_.folder, "read").message()));
    return;
  }
  for (const std::string& id : ids) {
    const absl::StatusOr<v1::Style> style = ReadStyle(id);
    if (style.ok()) {
      MutexLock lock(&mutex_);
      styles_[style->name()] = {.style = *style, .use_on_disk = jobs::ToTime(style->last_use_time())};
    } else if (absl::IsDataLoss(style.status())) {
      SetAside(id, style.status());
    } else {
      Warn(absl::StrCat("a style is left out: ", style.status().message()));
    }
  }
  // What a CreateStyle or DeleteStyle left behind that didn't come to its end.
  for (const std::string& id : pictures) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end())
      Remove(absl::StrCat(Path(id), kPictureSuffix)).IgnoreError();
  }
}

void StyleLibrary::SetAside(const std::string& id, const absl::Status& why) const {
  const absl::StatusOr<std::string> aside = jobs::SetAside(
      Path(id), JoinPath(options_.folder, id), options_.wall_time(), {std::string(kPictureSuffix)});
  Warn(absl::StrCat("a style is damaged: ", why.message(), "; ",
                    aside.ok() ? absl::StrCat("it is kept as ", *aside) : aside.status().message()));
}

std::string StyleLibrary::Path(absl::string_view id) const {
  return JoinPath(options_.folder, absl::StrCat(id, kStyleSuffix));
}

void StyleLibrary::Warn(const std::string& line) const {
  if (options_.warn) options_.warn(line);
}

}  // namespace impasto::app
