#include "engine/weights/keras_h5.h"

#include <hdf5.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "engine/weights/reader.h"
#include "tests/testing/weights_files.h"

namespace impasto::engine {
namespace {

using ::impasto::testing::WriteBytes;
using ::impasto::testing::WriteHdf5;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class KerasH5Test : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = absl::StrCat(::testing::TempDir(), "/keras_h5_test_", info->name(), ".h5");
    file_ = H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    ASSERT_GE(file_, 0);
  }
  void TearDown() override {
    if (file_ >= 0) H5Fclose(file_);
  }
  hid_t Group(hid_t parent, const char* name) {
    return H5Gcreate2(parent, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  }

  // A dataset without data: its shape is a claim.
  hid_t Dataset(hid_t parent, const char* name, const std::vector<hsize_t>& shape,
                hid_t type = H5T_IEEE_F32LE, hid_t creation = H5P_DEFAULT) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t dataset = H5Dcreate2(parent, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    H5Sclose(space);
    return dataset;
  }
  void Close() {
    H5Fclose(file_);
    file_ = -1;
  }
  void ExpectRefused(const std::string& reason) {
    Close();
    const absl::Status status = OpenKerasH5(path_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
    EXPECT_EQ(ReadWeightsFile(path_).status().code(), absl::StatusCode::kInvalidArgument);
  }

  std::string path_;
  hid_t file_ = -1;
};

TEST_F(KerasH5Test, ReadsDatasetsByPath) {
  Close();
  ASSERT_TRUE(WriteHdf5(path_, {{"a/b/kernel:0", {2, 2}, {1, 2, 3, 4}}, {"c/d_W_1:0", {1}, {5}}}, {"a", "c"},
                        ElementType::kF64)
                  .ok());
  const auto source = OpenKerasH5(path_);
  ASSERT_TRUE(source.ok()) << source.status();
  ASSERT_EQ((*source)->tensors().size(), 2u);
  EXPECT_EQ((*source)->tensors()[0].name, "a/b/kernel:0");
  EXPECT_EQ((*source)->tensors()[0].type, ElementType::kF64);
  EXPECT_EQ((*source)->tensors()[0].shape, (std::vector<int64_t>{2, 2}));
  EXPECT_THAT(*(*source)->Read(0), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT((*source)->claimed_layers(), ElementsAre("a", "c"));
}

TEST_F(KerasH5Test, HardLinkLoop) {
  const hid_t a = Group(file_, "a");
  const hid_t b = Group(a, "b");
  H5Lcreate_hard(file_, "a", b, "again", H5P_DEFAULT, H5P_DEFAULT);
  H5Gclose(b);
  H5Gclose(a);
  ExpectRefused("'a/b/again' is linked a second time: the file has loops");
}

TEST_F(KerasH5Test, GroupThatIsTheRoot) {
  H5Lcreate_hard(file_, "/", file_, "model_weights", H5P_DEFAULT, H5P_DEFAULT);
  ExpectRefused("the file has loops");
}

TEST_F(KerasH5Test, SoftLinkLoop) {
  H5Lcreate_soft("/a", file_, "a", H5P_DEFAULT, H5P_DEFAULT);
  ExpectRefused("'a' is a soft link; links are not followed");
}

TEST_F(KerasH5Test, ExternalLink) {
  const std::string other = absl::StrCat(::testing::TempDir(), "/keras_h5_test_other.h5");
  ASSERT_TRUE(WriteHdf5(other, {{"kernel:0", {1}, {1}}}, {}, ElementType::kF32).ok());
  const hid_t group = Group(file_, "block1_conv1");
  H5Lcreate_external(other.c_str(), "/kernel:0", group, "kernel:0", H5P_DEFAULT, H5P_DEFAULT);
  H5Gclose(group);
  ExpectRefused("'block1_conv1/kernel:0' is a external link; links are not followed");
}

TEST_F(KerasH5Test, ExternalModelWeights) {
  H5Lcreate_external("other.h5", "/", file_, "model_weights", H5P_DEFAULT, H5P_DEFAULT);
  ExpectRefused("'model_weights' is a soft or external link");
}

TEST_F(KerasH5Test, DataInAnotherFile) {
  const std::string secret = absl::StrCat(::testing::TempDir(), "/keras_h5_test_secret");
  WriteBytes(secret, std::string(16, 'x'));
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_external(creation, secret.c_str(), 0, 16);
  H5Dclose(Dataset(file_, "kernel:0", {4}, H5T_IEEE_F32LE, creation));
  H5Pclose(creation);
  ExpectRefused("'kernel:0' keeps its data in another file");
}

TEST_F(KerasH5Test, VirtualDataset) {
  const hsize_t shape = 4;
  const hid_t space = H5Screate_simple(1, &shape, nullptr);
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_virtual(creation, space, "other.h5", "/data", space);
  H5Dclose(Dataset(file_, "kernel:0", {4}, H5T_IEEE_F32LE, creation));
  H5Pclose(creation);
  H5Sclose(space);
  ExpectRefused("'kernel:0' keeps its data in other files or datasets");
}

TEST_F(KerasH5Test, HugeClaimWithoutData) {
  const hid_t group = Group(file_, "block1_conv1");
  H5Dclose(Dataset(group, "kernel:0", {1u << 20, 1u << 20, 3, 64}));
  H5Gclose(group);
  ExpectRefused("claims the shape 1048576x1048576x3x64, but has only 0 bytes of data");
}

TEST_F(KerasH5Test, ChunksThatAreTooLarge) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t chunk[] = {1u << 14, 1u << 14};
  H5Pset_chunk(creation, 2, chunk);
  H5Dclose(Dataset(file_, "kernel:0", {1u << 14, 1u << 14}, H5T_IEEE_F32LE, creation));
  H5Pclose(creation);
  ExpectRefused("has chunks of more than");
}

TEST_F(KerasH5Test, StrangeFilters) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t chunk = 4;
  H5Pset_chunk(creation, 1, &chunk);
  H5Pset_scaleoffset(creation, H5Z_SO_FLOAT_DSCALE, 2);
  H5Dclose(Dataset(file_, "kernel:0", {4}, H5T_IEEE_F32LE, creation));
  H5Pclose(creation);
  ExpectRefused("is packed with filter 6; deflate, shuffle and fletcher32 are read");
}

TEST_F(KerasH5Test, PackedDataIsRead) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t chunk = 2;
  H5Pset_chunk(creation, 1, &chunk);
  H5Pset_shuffle(creation);
  H5Pset_deflate(creation, 9);
  H5Pset_fletcher32(creation);
  const hid_t dataset = Dataset(file_, "kernel:0", {4}, H5T_IEEE_F32LE, creation);
  const float values[] = {1, 2, 3, 4};
  H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  H5Dclose(dataset);
  H5Pclose(creation);
  Close();
  EXPECT_THAT(*(*OpenKerasH5(path_))->Read(0), ElementsAre(1, 2, 3, 4));
}

TEST_F(KerasH5Test, DeepGroups) {
  hid_t group = H5Gopen2(file_, "/", H5P_DEFAULT);
  for (int i = 0; i < 12; ++i) {
    const hid_t next = Group(group, "g");
    H5Gclose(group);
    group = next;
  }
  H5Gclose(group);
  ExpectRefused("lies more than 8 deep");
}

TEST_F(KerasH5Test, ManyGroups) {
  for (int i = 0; i < 20'001; ++i) H5Gclose(Group(file_, absl::StrCat("g", i).c_str()));
  Close();
  EXPECT_EQ(OpenKerasH5(path_).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(KerasH5Test, WrongRankIsRefused) {
  const hid_t group = Group(file_, "block3_conv4");
  const std::vector<float> values(16, 0.5f);
  for (const char* name : {"kernel:0", "bias:0"}) {
    const hid_t dataset = Dataset(group, name, {4, 4});
    H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Dclose(dataset);
  }
  H5Gclose(group);
  Close();
  const absl::Status status = ReadWeightsFile(path_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("the kernel of layer block3_conv4 has the shape 4x4; it should be 3x3 x in x out"));
}

TEST_F(KerasH5Test, NumbersThatAreNoFloatsAreLeftAlone) {
  const hid_t dataset = Dataset(file_, "kernel:0", {4}, H5T_STD_I32LE);
  H5Dclose(dataset);
  Close();
  const auto source = OpenKerasH5(path_);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_TRUE((*source)->tensors().empty());
}

TEST_F(KerasH5Test, CutOffFile) {
  Close();
  ASSERT_TRUE(
      WriteHdf5(path_, {{"a/kernel:0", {100, 100}, std::vector<float>(10'000, 1)}}, {}, ElementType::kF32)
          .ok());
  std::ifstream file(path_, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (const size_t length : {size_t{8}, size_t{100}, bytes.size() / 2, bytes.size() - 1}) {
    WriteBytes(path_, bytes.substr(0, length));
    const absl::Status status = OpenKerasH5(path_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << length;
    EXPECT_THAT(std::string(status.message()), HasSubstr("damaged"));
  }
}

TEST_F(KerasH5Test, SilentOnErrors) {
  Close();
  WriteBytes(path_, "\x89HDF\r\n\x1a\n and then nothing of the kind");
  ::testing::internal::CaptureStderr();
  EXPECT_FALSE(OpenKerasH5(path_).ok());
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

// The library itself is not to be called from two threads in every build.
TEST_F(KerasH5Test, ThreadsReadAtOnce) {
  Close();
  ASSERT_TRUE(
      WriteHdf5(path_, {{"a/kernel:0", {100}, std::vector<float>(100, 2)}}, {"a"}, ElementType::kF16).ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int round = 0; round < 20; ++round) {
        const auto source = OpenKerasH5(path_);
        ASSERT_TRUE(source.ok()) << source.status();
        EXPECT_EQ(*(*source)->Read(0), std::vector<float>(100, 2));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace impasto::engine
