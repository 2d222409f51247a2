// Nothing wanted is lost, and nothing unwanted stays for ever, wherever a crash comes between the database
// and the folders. A folder of job files and its job's row can't be made or removed in one step. So the table
// `unclaimed` names the folders that are to go at the next start unless a job claims them: a job's before its
// first commit, and a deleted job's from the transaction that deletes the rows until its folder is gone. A
// commit claims. A folder that has neither a row nor a mark is there only because a journal was lost: it may
// be somebody's only copy of a result, so it stays, and the log names it.
#include "jobs/sqlite/sqlite_journal.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "jobs/job_name.h"
#include "jobs/proto_times.h"
#include "jobs/sqlite/database.h"
#include "jobs/sqlite/job_files.h"
#include "jobs/sqlite/keyed_mutex.h"
#include "jobs/sqlite/schema.h"
#include "jobs/sqlite/set_aside.h"

namespace impasto::jobs {
namespace {

// The database, with the statements that the journal runs.
struct Store {
  std::unique_ptr<Database> database;
  Statement put_job, claim, put_event, load_jobs, load_events, find_job, delete_job, mark, marked;
};

absl::Status PrepareStatements(Store* store) {
  const std::pair<Statement*, const char*> statements[] = {
      {&store->put_job,
       "INSERT INTO jobs (id, create_time, request_digest, job) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO"
       " UPDATE SET create_time = ?2, request_digest = ?3, job = ?4"},
      {&store->claim, "DELETE FROM unclaimed WHERE id = ?1"},
      // None where the job isn't there.
      {&store->put_event,
       "INSERT OR IGNORE INTO events (job, sequence, message) SELECT key, ?2, ?3 FROM jobs WHERE id = ?1"},
      {&store->load_jobs, "SELECT id, request_digest, job FROM jobs ORDER BY create_time, id"},
      {&store->load_events,
       "SELECT sequence, message FROM events WHERE job = (SELECT key FROM jobs WHERE id = ?1) ORDER BY "
       "sequence"},
      {&store->find_job, "SELECT 1 FROM jobs WHERE id = ?1"},
      {&store->delete_job, "DELETE FROM jobs WHERE id = ?1"},  // and its events
      {&store->mark, "INSERT OR IGNORE INTO unclaimed (id) VALUES (?1)"},
      {&store->marked, "SELECT id FROM unclaimed"},
  };
  for (const auto& [statement, sql] : statements) {
    absl::StatusOr<Statement> prepared = store->database->Prepare(sql);
    IMPASTO_RETURN_IF_ERROR(prepared.status());
    *statement = *std::move(prepared);
  }
  return absl::OkStatus();
}

// See IsDamage.
absl::StatusOr<Store> OpenStore(const std::string& path) {
  std::error_code error;
  const auto type = std::filesystem::symlink_status(path, error).type();
  if (type != std::filesystem::file_type::regular && type != std::filesystem::file_type::not_found && !error)
    return absl::DataLossError(absl::StrCat(path, ": it isn't a file"));
  Store store;
  IMPASTO_ASSIGN_OR_RETURN(store.database, Database::Open(path));
  // Before the check: a newer version's database is not for us to judge.
  IMPASTO_RETURN_IF_ERROR(BringUp(store.database.get(), JournalSteps()));
  IMPASTO_ASSIGN_OR_RETURN(const std::string check, store.database->ReadText("PRAGMA quick_check(1)"));
  if (check != "ok") return absl::DataLossError(absl::StrCat(path, ": ", check));
  IMPASTO_RETURN_IF_ERROR(PrepareStatements(&store));
  IMPASTO_RETURN_IF_ERROR(SyncDirectory(DirectoryOf(path)));
  store.database->TidyUpOnClose();
  return store;
}

// INTERNAL as well: a statement of ours makes no sense only where the tables aren't those that the version
// in the file promises.
bool IsDamage(const absl::Status& status) { return absl::IsDataLoss(status) || absl::IsInternal(status); }

int64_t CreateTime(const v1::Job& job) {
  // Saturates: a time that is out of an int64's range sorts last, or first.
  return absl::ToUnixNanos(ToTime(job.create_time()));
}

class SqliteJournal final : public Journal {
 public:
  SqliteJournal(std::shared_ptr<const StateDir> state, SqliteJournalOptions options,
                std::unique_ptr<JobFiles> files, Store store)
      : state_(std::move(state)),
        log_(std::move(options.log)),
        files_(std::move(files)),
        store_(std::move(store)) {}

  // Finishes what a crash left half-done, and names what is left over.
  void CleanUp() {
    absl::StatusOr<std::vector<std::string>> marked = Ids(&store_.marked);
    if (!marked.ok()) return Log(marked.status().message());
    for (const std::string& id : *marked) {
      // The table may be damaged; a path is made from nothing else.
      if (JobId(absl::StrCat("jobs/", id)).ok()) RemoveUnclaimed(id);
    }
    absl::StatusOr<std::vector<std::string>> known = Ids(&store_.load_jobs);
    if (!known.ok()) return Log(known.status().message());
    std::set<std::string> wanted(known->begin(), known->end());
    // Those that couldn't be removed were named already.
    wanted.insert(marked->begin(), marked->end());
    std::vector<std::string> strangers = files_->Folders();
    strangers.erase(std::remove_if(strangers.begin(), strangers.end(),
                                   [&](const std::string& id) { return wanted.count(id) > 0; }),
                    strangers.end());
    if (strangers.empty()) return;
    constexpr size_t kMostNames = 20;
    const size_t count = strangers.size();
    strangers.resize(std::min(count, kMostNames));
    Log(absl::StrCat(files_->folder(), " has files of ", count,
                     " jobs that the journal doesn't know; they are left there: ",
                     absl::StrJoin(strangers, ", "), count > kMostNames ? ", ..." : ""));
  }

  absl::Status Commit(const Batch& batch) override {
    std::vector<std::string> ids, jobs_of_events;
    std::vector<std::string> messages;
    for (const JobRecord& record : batch.jobs) {
      IMPASTO_ASSIGN_OR_RETURN(std::string id, JobId(record.job.name()));
      ids.push_back(std::move(id));
      messages.push_back(record.job.SerializeAsString());
    }
    for (const JournalEvent& event : batch.events) {
      IMPASTO_ASSIGN_OR_RETURN(std::string id, JobId(event.job));
      jobs_of_events.push_back(std::move(id));
    }
    MutexLock lock(&mutex_);
    return store_.database->Transact([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::Status {
      for (size_t i = 0; i < ids.size(); ++i) {
        store_.put_job.BindText(1, ids[i]);
        store_.put_job.Bind(2, CreateTime(batch.jobs[i].job));
        store_.put_job.BindBlob(3, batch.jobs[i].request_digest);
        store_.put_job.BindBlob(4, messages[i]);
        IMPASTO_RETURN_IF_ERROR(store_.put_job.Run());
        store_.claim.BindText(1, ids[i]);
        IMPASTO_RETURN_IF_ERROR(store_.claim.Run());
      }
      for (size_t i = 0; i < batch.events.size(); ++i) {
        store_.put_event.BindText(1, jobs_of_events[i]);
        store_.put_event.Bind(2, batch.events[i].sequence);
        store_.put_event.BindBlob(3, batch.events[i].message);
        IMPASTO_RETURN_IF_ERROR(store_.put_event.Run());
      }
      return absl::OkStatus();
    });
  }

  absl::StatusOr<std::vector<JobRecord>> LoadJobs() override {
    std::vector<JobRecord> records;
    std::vector<std::string> unreadable;
    {
      MutexLock lock(&mutex_);
      Statement& rows = store_.load_jobs;
      const StatementReset reset(&rows);
      for (;;) {
        IMPASTO_ASSIGN_OR_RETURN(const bool row, rows.Step());
        if (!row) break;
        const std::string name = absl::StrCat("jobs/", rows.Bytes(0));
        const absl::string_view message = rows.Bytes(2);
        JobRecord record;
        if (record.job.ParseFromArray(message.data(), static_cast<int>(message.size())) &&
            record.job.name() == name && JobId(name).ok()) {
          record.request_digest = std::string(rows.Bytes(1));
          records.push_back(std::move(record));
        } else {
          unreadable.push_back(name);
        }
      }
    }
    for (const std::string& name : unreadable)
      Log(absl::StrCat(name, ": its row in the journal can't be read; it is left out"));
    return records;
  }

  absl::StatusOr<std::vector<std::string>> LoadEvents(const std::string& job) override {
    IMPASTO_ASSIGN_OR_RETURN(const std::string id, JobId(job));
    std::vector<std::string> messages;
    std::vector<int64_t> unreadable;
    {
      MutexLock lock(&mutex_);
      Statement& rows = store_.load_events;
      const StatementReset reset(&rows);
      rows.BindText(1, id);
      v1::JobEvent event;
      for (;;) {
        IMPASTO_ASSIGN_OR_RETURN(const bool row, rows.Step());
        if (!row) break;
        const absl::string_view message = rows.Bytes(1);
        if (event.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
          messages.emplace_back(message);
        } else {
          unreadable.push_back(rows.Integer(0));
        }
      }
    }
    for (const int64_t sequence : unreadable)
      Log(absl::StrCat(job, ": event ", sequence, " in the journal can't be read; it is left out"));
    return messages;
  }

  absl::Status WriteFile(const std::string& job, JobFile file, const ByteWriter& writer) override {
    IMPASTO_ASSIGN_OR_RETURN(const std::string id, JobId(job));
    const KeyedMutex::Lock lock(&job_locks_, id);
    IMPASTO_RETURN_IF_ERROR(MarkUnlessKnown(id));
    return files_->Write(id, file, writer);
  }

  absl::StatusOr<std::unique_ptr<std::istream>> OpenFile(const std::string& job, JobFile file) override {
    IMPASTO_ASSIGN_OR_RETURN(const std::string id, JobId(job));
    const KeyedMutex::Lock lock(&job_locks_, id);
    return files_->Open(id, file);
  }

  absl::Status RemoveFile(const std::string& job, JobFile file) override {
    IMPASTO_ASSIGN_OR_RETURN(const std::string id, JobId(job));
    const KeyedMutex::Lock lock(&job_locks_, id);
    return files_->Remove(id, file);
  }

  absl::Status DeleteJob(const std::string& job) override {
    IMPASTO_ASSIGN_OR_RETURN(const std::string id, JobId(job));
    const KeyedMutex::Lock lock(&job_locks_, id);
    absl::Status status = DeleteRows(id);
    if (absl::IsResourceExhausted(status)) {
      // Deleting takes room in the write-ahead log first. Without this, a full disk could never be cleared.
      IMPASTO_RETURN_IF_ERROR(files_->RemoveAll(id));
      status = DeleteRows(id);
    }
    IMPASTO_RETURN_IF_ERROR(status);
    RemoveUnclaimed(id);
    return absl::OkStatus();
  }

  int64_t FileBytes(const std::string& job) override {
    const absl::StatusOr<std::string> id = JobId(job);
    return id.ok() ? files_->Bytes(*id) : 0;
  }

 private:
  void Log(absl::string_view line) const {
    if (log_) log_(std::string(line));
  }

  absl::StatusOr<std::vector<std::string>> Ids(Statement* rows) {
    MutexLock lock(&mutex_);
    const StatementReset reset(rows);
    std::vector<std::string> ids;
    for (;;) {
      IMPASTO_ASSIGN_OR_RETURN(const bool row, rows->Step());
      if (!row) return ids;
      ids.emplace_back(rows->Bytes(0));
    }
  }

  absl::Status MarkUnlessKnown(const std::string& id) {
    MutexLock lock(&mutex_);
    {
      const StatementReset reset(&store_.find_job);
      store_.find_job.BindText(1, id);
      IMPASTO_ASSIGN_OR_RETURN(const bool known, store_.find_job.Step());
      if (known) return absl::OkStatus();
    }
    store_.mark.BindText(1, id);
    return store_.mark.Run();
  }

  absl::Status DeleteRows(const std::string& id) {
    MutexLock lock(&mutex_);
    return store_.database->Transact([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::Status {
      store_.mark.BindText(1, id);
      IMPASTO_RETURN_IF_ERROR(store_.mark.Run());
      store_.delete_job.BindText(1, id);
      return store_.delete_job.Run();
    });
  }

  // Of a folder that is marked. What fails is done at the next start.
  void RemoveUnclaimed(const std::string& id) {
    absl::Status status = files_->RemoveAll(id);
    if (status.ok()) {
      MutexLock lock(&mutex_);
      store_.claim.BindText(1, id);
      status = store_.claim.Run();
    }
    if (!status.ok())
      Log(absl::StrCat("what is left of jobs/", id, " is removed at the next start: ", status.message()));
  }

  const std::shared_ptr<const StateDir> state_;
  const std::function<void(const std::string&)> log_;
  const std::unique_ptr<JobFiles> files_;
  // Held over all of a call that has to do with a job's files; before mutex_.
  KeyedMutex job_locks_;
  Mutex mutex_;
  Store store_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> OpenSqliteJournal(std::shared_ptr<const StateDir> state,
                                                           SqliteJournalOptions options) {
  const std::string path = JoinPath(state->path(), "journal.db");
  // First, since it may free room that the database wants.
  IMPASTO_ASSIGN_OR_RETURN(std::unique_ptr<JobFiles> files,
                           JobFiles::Open(JoinPath(state->path(), "jobs"), options.wall_time));
  absl::StatusOr<Store> store = OpenStore(path);
  if (IsDamage(store.status())) {
    IMPASTO_ASSIGN_OR_RETURN(const std::string aside,
                             SetAside(path, JoinPath(state->path(), "journal"), options.wall_time(),
                                      {"-wal", "-shm", "-journal"}));
    if (options.log) {
      options.log(absl::StrCat("the journal is damaged: ", store.status().message(), ". It is set aside as ",
                               aside, ", and a new one is begun"));
    }
    store = OpenStore(path);
  }
  IMPASTO_RETURN_IF_ERROR(store.status());
  auto journal = std::make_unique<SqliteJournal>(std::move(state), std::move(options), std::move(files),
                                                 *std::move(store));
  journal->CleanUp();
  return journal;
}

}  // namespace impasto::jobs
