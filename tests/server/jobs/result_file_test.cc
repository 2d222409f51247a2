#include "jobs/result_file.h"

#include <gtest/gtest.h>

namespace impasto::jobs {
namespace {

const char kJob[] = "jobs/1";

TEST(ResultFile, ComesBackAsItWas) {
  const std::unique_ptr<Journal> journal = MakeMemoryJournal();
  EncodedPicture picture;
  picture.header.set_width(4);
  picture.header.set_format(v1::PICTURE_FORMAT_PNG);
  picture.data = std::string("\0pixels\xff", 8);
  ASSERT_TRUE(WriteResult(*journal, kJob, picture).ok());
  const auto read = ReadResult(*journal, kJob);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ((*read)->header.SerializeAsString(), picture.header.SerializeAsString());
  EXPECT_EQ((*read)->data, picture.data);
}

TEST(ResultFile, WhatIsNoneIsSaid) {
  const std::unique_ptr<Journal> journal = MakeMemoryJournal();
  EXPECT_EQ(ReadResult(*journal, kJob).status().code(), absl::StatusCode::kNotFound);
  for (const std::string& bytes :
       {std::string("abc"), std::string("\xff\xff\xff\xff data"), std::string("\2\0\0\0\xff\xff", 6)}) {
    ASSERT_TRUE(
        journal->WriteFile(kJob, JobFile::kResult, [&](const ByteSink& sink) { return sink(bytes); }).ok());
    EXPECT_EQ(ReadResult(*journal, kJob).status().code(), absl::StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace impasto::jobs
