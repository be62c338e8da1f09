#include <gtest/gtest.h>

#include "losses/segmentation/register.h"

// Values of MONAI 1.5.1, printed by golden_losses.py, of logits and targets that both make by one closed formula.
namespace medvol::losses {
namespace {

struct Case {
  const char* name;     ///< in the registry
  const char* options;  ///< of MONAI's setting, beside the name
  bool batch_dice;
  int64_t classes;
  double in_2d, in_3d;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name << " " << c.options; }

config::Node node_of(const Case& c) {
  config::Node node = config::Node::map();
  node.set("name", config::Node::scalar(c.name));
  std::istringstream words(c.options);
  std::string word;
  while (words >> word) {
    const size_t equals = word.find('=');
    const std::string value = word.substr(equals + 1);
    node.set(word.substr(0, equals), value == "null" ? config::Node() : config::Node::scalar(value));
  }
  return node;
}

class Golden : public testing::TestWithParam<Case> {
 protected:
  static double value(const Case& c, const std::vector<int64_t>& shape) {
    LossRegistry registry("loss");
    register_segmentation(registry);
    LossChoice choice(registry, c.name);
    config::Diagnostics found;
    choice.bind(node_of(c), "loss", found);
    EXPECT_TRUE(found.empty());
    std::vector<int64_t> logits_shape = shape;
    logits_shape.insert(logits_shape.begin() + 1, c.classes);
    const int64_t voxels = c10::multiply_integers(shape);
    const torch::Tensor i = torch::arange(voxels * c.classes, torch::kFloat64);
    const torch::Tensor logits = (3 * torch::sin(1.3 * i + 0.5) + 2 * torch::sin(0.05 * i)).view(logits_shape);
    const torch::Tensor j = torch::arange(voxels);
    const torch::Tensor target = (j.floor_divide(5) + j.floor_divide(11)).remainder(c.classes).view(shape);
    return (*choice.build({.batch_dice = c.batch_dice}))(logits, target, {}).item<double>();
  }
};

TEST_P(Golden, EqualsMonai) {
  EXPECT_NEAR(value(GetParam(), {2, 9, 11}), GetParam().in_2d, 1e-6);
  EXPECT_NEAR(value(GetParam(), {2, 5, 6, 7}), GetParam().in_3d, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Losses, Golden,
                         testing::Values(Case{"dice", "", false, 3, 0.6948128641, 0.7106008409},
                                         Case{"dice", "include_background=true", false, 3, 0.7179769992, 0.7178342216},
                                         Case{"dice", "squared=true", true, 3, 0.6603374274, 0.6763987189},
                                         Case{"generalized_dice", "", false, 3, 0.7217683343, 0.7164557268},
                                         Case{"tversky", "", false, 3, 0.6914412111, 0.7124162625},
                                         Case{"hausdorff", "dice_weight=0", false, 3, 2.5891380485, 0.9144219520},
                                         Case{"focal", "alpha=null", false, 3, 2.9019677639, 2.9609311223},
                                         Case{"focal", "", false, 3, 1.2459335625, 1.1529605091},
                                         Case{"cldice", "alpha=1", true, 2, 0.5074172865, 0.4994431911},
                                         Case{"cldice", "", true, 2, 0.5081528671, 0.5017664839}));

}  // namespace
}  // namespace medvol::losses
