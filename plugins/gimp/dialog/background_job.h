// A PaintJob whose pictures are read and packed on another thread: they may be large, and on a slow disk.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "dialog/dialog_model.h"
#include "host/host.h"
#include "impasto/client.h"

namespace impasto::gimp {

// Where a style's picture comes from. Those of the host's have to be read on the main thread.
using StyleReader = std::function<absl::StatusOr<v1::Picture>()>;

// `content` is shared: every painting of a dialog starts from it. `changed` as in PaintJob.
std::unique_ptr<RunningJob> StartInBackground(Client client, const Target& target,
                                              std::shared_ptr<const v1::Picture> content, StyleReader style,
                                              v1::Recipe recipe, int preview_size,
                                              std::function<void()> changed);

// The style of `settings`, read now where only the main thread can, else when it is called.
absl::StatusOr<StyleReader> ReaderOf(const Style& style);

}  // namespace impasto::gimp
