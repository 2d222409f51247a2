// What torch.save writes: a zip file (PyTorch 1.6 and later), or the older stream of pickles and storages.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "engine/weights/byte_source.h"
#include "engine/weights/tensor_source.h"
#include "engine/weights/zip_archive.h"

namespace impasto::engine {

// Every tensor of the dict that the file holds; other values in it are left alone. INVALID_ARGUMENT: damaged,
// of another form, or with a pickle that does more than describe tensors.
absl::StatusOr<std::unique_ptr<TensorSource>> OpenTorchZip(std::unique_ptr<ZipArchive> archive);

bool LooksLikeTorchLegacy(const ByteSource& bytes);
absl::StatusOr<std::unique_ptr<TensorSource>> OpenTorchLegacy(std::unique_ptr<ByteSource> bytes);

}  // namespace impasto::engine
