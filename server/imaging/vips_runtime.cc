#include "imaging/vips_runtime.h"

#include <malloc.h>

#include <atomic>
#include <mutex>

#include "imaging/picture.h"

namespace impasto::imaging {
namespace {

std::atomic<bool> initialized{false};

void DropMessage(const gchar*, GLogLevelFlags, const gchar*, gpointer) {}

absl::Status Start() {
  if (vips_init("impasto") != 0) {
    vips_error_clear();
    return absl::InternalError("libvips can't be started");
  }
  // libvips warns on stderr about odd foreign files; a client must not be able to fill the server's log.
  g_log_set_handler("VIPS",
                    static_cast<GLogLevelFlags>(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG),
                    DropMessage, nullptr);
  // Only the four loaders and savers that are needed can run at all.
  vips_block_untrusted_set(TRUE);
  vips_operation_block_set("VipsForeignLoad", TRUE);
  vips_operation_block_set("VipsForeignSave", TRUE);
  for (const char* name : {"VipsForeignLoadPng", "VipsForeignLoadJpeg", "VipsForeignLoadWebp",
                           "VipsForeignLoadTiff", "VipsForeignSavePng", "VipsForeignSaveSpng",
                           "VipsForeignSaveJpeg", "VipsForeignSaveWebp", "VipsForeignSaveTiff"}) {
    vips_operation_block_set(name, FALSE);
  }
  // The cache of operations would keep whole pictures alive after their job.
  vips_cache_set_max(0);
  vips_cache_set_max_mem(0);
  vips_cache_set_max_files(0);
  return absl::OkStatus();
}

}  // namespace

absl::Status Init(int threads) {
  if (threads < 1) {
    return absl::InvalidArgumentError(absl::StrCat("threads: ", threads, " imaging threads; at least 1"));
  }
  static std::once_flag once;
  static absl::Status* status = new absl::Status;
  std::call_once(once, [] { *status = Start(); });
  if (status->ok()) {
    vips_concurrency_set(threads);
    initialized = true;
  }
  return *status;
}

absl::Status CheckInitialized() {
  if (initialized) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError("imaging::Init() was not called");
}

}  // namespace impasto::imaging
