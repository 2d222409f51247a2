#include "cli/recipe_change.h"

#include <gtest/gtest.h>

namespace impasto::cli {
namespace {

TEST(RecipeChangeTest, NamesWhatIsGiven) {
  v1::RecipeChange change;
  EXPECT_EQ(DescribeChange(change), "");
  change.set_iteration(120);
  change.set_style_weight(0.02);
  EXPECT_EQ(DescribeChange(change), "style_weight=0.02");
  EXPECT_EQ(DescribeChangeAndStart(change), "from iteration 121 on: style_weight=0.02");
  change.set_content_weight(0);
  change.set_tv_weight(1e-6);
  change.set_learning_rate(2.5);
  change.set_iterations(500);
  change.add_content_layers()->set_layer("block4_conv2");
  change.mutable_content_layers(0)->set_weight(0.5);
  change.add_style_layers()->set_layer("block1_conv1");
  change.mutable_style_layers(0)->set_weight(2);
  change.add_style_picture_weights(1);
  change.add_style_picture_weights(3);
  EXPECT_EQ(DescribeChange(change),
            "content_weight=0 style_weight=0.02 tv_weight=1e-06 learning_rate=2.5 iterations=500 "
            "content_layers.block4_conv2=0.5 style_layers.block1_conv1=2 style_picture_weights=1:3");
}

}  // namespace
}  // namespace impasto::cli
