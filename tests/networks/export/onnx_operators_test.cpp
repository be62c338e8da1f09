// Every operator that has an ONNX form, traced at one size and run in onnxruntime at another.
#include <gtest/gtest.h>

#include <torch/nn/functional.h>

#include "framework/core/error.h"
#include "networks/export/onnx.h"
#include "tests/networks/export/onnx_runtime.h"

namespace medvol::networks {
namespace {

using torch::Tensor;
namespace F = torch::nn::functional;
using Function = std::function<Tensor(const Tensor&)>;

struct OperatorCase {
  const char* name;
  Function function;
};

const torch::Tensor channels = torch::tensor({0.5F, -0.25F, 1.5F, 2.0F});
const torch::Tensor kernel = torch::sin(torch::arange(4 * 4 * 9).to(torch::kFloat)).view({4, 4, 3, 3});

/// x: [N, 4, H, W]
std::vector<OperatorCase> arithmetic() {
  return {
      {"add_alpha", [](const Tensor& x) { return torch::add(x, x * x, 0.5); }},
      {"rsub", [](const Tensor& x) { return 1 - x; }},
      {"sub_alpha", [](const Tensor& x) { return torch::sub(x, 2.0, 3.0); }},
      {"div", [](const Tensor& x) { return x / (x * x + 1); }},
      {"div_floor", [](const Tensor& x) { return torch::div(x, 0.3, "floor"); }},
      {"pow", [](const Tensor& x) { return x.abs().pow(1.5) + x.square(); }},
      {"roots", [](const Tensor& x) { return (x.abs() + 1).sqrt() + (x.abs() + 1).rsqrt() + x.exp().reciprocal(); }},
      {"log", [](const Tensor& x) { return (x.abs() + 0.5).log() + x.neg().sign() + x.round() + x.ceil(); }},
      {"waves", [](const Tensor& x) { return x.sin() + x.cos() * x.erf() + x.floor(); }},
      {"clamp", [](const Tensor& x) { return x.clamp(-0.5, 0.7) + x.clamp_min(0.1) + x.clamp_max(0.2); }},
      {"where", [](const Tensor& x) { return torch::where(x > 0.25, x, x * 0.125); }},
      {"compare",
       [](const Tensor& x) {
         const Tensor inside = torch::logical_and(x.ge(-0.5), x.le(0.5)), other = torch::logical_or(x.lt(-1), x.eq(1));
         return inside.to(torch::kFloat) + other.to(torch::kFloat) + x.ne(0).logical_not().to(torch::kFloat);
       }},
      {"masked_fill", [](const Tensor& x) { return x.masked_fill(x < 0, -7); }},
      {"maximum", [](const Tensor& x) { return torch::maximum(x, -x) - torch::minimum(x, x * 2); }},
      {"addcmul", [](const Tensor& x) { return torch::addcmul(x, x, x, 0.5); }},
      {"in_place", [](const Tensor& x) { return (x * 2).relu_().add_(1).mul_(3); }}};
}

std::vector<OperatorCase> activations() {
  return {
      {"leaky_relu", [](const Tensor& x) { return torch::leaky_relu(x, 0.02); }},
      {"elu", [](const Tensor& x) { return torch::elu(x, 0.7) + torch::sigmoid(x) + torch::tanh(x); }},
      {"prelu", [](const Tensor& x) { return torch::prelu(x, channels); }},
      {"prelu_one", [](const Tensor& x) { return torch::prelu(x, channels.slice(0, 0, 1)); }},
      {"silu", [](const Tensor& x) { return torch::silu(x) + torch::softplus(x); }},
      {"gelu", [](const Tensor& x) { return torch::gelu(x); }},
      {"gelu_tanh", [](const Tensor& x) { return torch::gelu(x, "tanh"); }},
      {"hardtanh", [](const Tensor& x) { return torch::hardtanh(x, -0.3, 0.6); }},
      {"softmax", [](const Tensor& x) { return torch::softmax(x, 1) + torch::log_softmax(x, -1); }},
      {"dropout", [](const Tensor& x) { return torch::dropout(torch::feature_dropout(x, 0.5, false), 0.5, false); }}};
}

std::vector<OperatorCase> reductions() {
  return {{"mean",
           [](const Tensor& x) {
             return x.mean({2, 3}, true) + x.sum({1}, true) + x.mean();
           }},
          {"sum", [](const Tensor& x) { return x.sum() + x.amax({-1}) - x.amin({3}); }},
          {"var",
           [](const Tensor& x) {
             return x.var({2, 3}, false) + x.std({2, 3}, false);
           }},
          {"norm", [](const Tensor& x) { return F::normalize(x, F::NormalizeFuncOptions().dim(1)); }},
          {"vector_norm", [](const Tensor& x) { return torch::linalg_vector_norm(x, 2, c10::IntArrayRef{1}, true); }}};
}

std::vector<OperatorCase> layers() {
  return {{"convolution",
           [](const Tensor& x) {
             return torch::convolution(x, kernel, channels, {2, 1}, {1, 2}, {1, 2}, false, {0, 0}, 1);
           }},
          {"conv2d_same", [](const Tensor& x) { return torch::conv2d(x, kernel, channels, 1, "same"); }},
          {"conv_grouped", [](const Tensor& x) { return torch::conv2d(x, kernel.slice(1, 0, 2), {}, 1, 1, 1, 2); }},
          {"conv_transpose", [](const Tensor& x) { return torch::conv_transpose2d(x, kernel, channels, 2, 1, 1); }},
          {"conv3d",
           [](const Tensor& x) {
             return torch::conv3d(x.unsqueeze(2), kernel.unsqueeze(2), channels, 1, {0, 1, 1});
           }},
          {"batch_norm",
           [](const Tensor& x) {
             return torch::batch_norm(x, channels, {}, channels, channels.abs(), false, 0.1, 1e-5, false);
           }},
          {"instance_norm",
           [](const Tensor& x) { return torch::instance_norm(x, {}, {}, {}, {}, true, 0.1, 1e-5, false); }},
          {"group_norm", [](const Tensor& x) { return torch::group_norm(x, 2, channels, channels); }},
          {"layer_norm",
           [](const Tensor& x) {
             return torch::layer_norm(x.permute({0, 2, 3, 1}), {4}, channels, channels);
           }},
          {"max_pool", [](const Tensor& x) { return torch::max_pool2d(x, 3, 2, 1); }},
          {"avg_pool",
           [](const Tensor& x) {
             return torch::avg_pool2d(x, 2) + torch::adaptive_avg_pool2d(x, {1, 1});
           }},
          {"pool3d",
           [](const Tensor& x) {
             return torch::max_pool3d(x.unsqueeze(2), {1, 2, 2}) + torch::avg_pool3d(x.unsqueeze(2), {1, 2, 2});
           }},
          {"nearest",
           [](const Tensor& x) {
             return torch::upsample_nearest2d(x, c10::nullopt, c10::ArrayRef<double>{2, 3});
           }},
          {"bilinear",
           [](const Tensor& x) {
             return torch::upsample_bilinear2d(x, c10::nullopt, false, c10::ArrayRef<double>{2, 2});
           }},
          {"bilinear_corners",
           [](const Tensor& x) {
             return torch::upsample_bilinear2d(x, c10::nullopt, true, c10::ArrayRef<double>{2, 2});
           }},
          {"bicubic",
           [](const Tensor& x) {
             return torch::upsample_bicubic2d(x, c10::nullopt, false, c10::ArrayRef<double>{2, 2});
           }},
          {"trilinear",
           [](const Tensor& x) {
             return torch::upsample_trilinear3d(x.unsqueeze(2), c10::nullopt, false, c10::ArrayRef<double>{2, 2, 2});
           }},
          {"nearest3d",
           [](const Tensor& x) {
             return torch::upsample_nearest3d(x.unsqueeze(2), c10::nullopt, c10::ArrayRef<double>{2, 1, 2});
           }},
          {"linear",
           [](const Tensor& x) {
             return torch::linear(x.permute({0, 2, 3, 1}), kernel.select(3, 0).select(2, 0), channels);
           }},
          {"addmm",
           [](const Tensor& x) {
             return torch::addmm(channels, x.select(2, 0).select(2, 1), kernel.select(3, 0).select(2, 0), 0.5, 2);
           }},
          {"bmm", [](const Tensor& x) { return torch::bmm(x.flatten(2), x.flatten(2).transpose(1, 2)); }},
          {"einsum",
           [](const Tensor& x) {
             return torch::einsum("bchw,bdhw->bcd", {x, x});
           }},
          {"attention",
           [](const Tensor& x) {
             const Tensor tokens = x.flatten(2).transpose(1, 2);  // the width of a token is fixed
             return at::scaled_dot_product_attention(tokens, tokens * 0.5, tokens + 1);
           }},
          {"pixel_shuffle", [](const Tensor& x) { return torch::pixel_shuffle(x, 2); }}};
}

std::vector<OperatorCase> shapes() {
  const Tensor picks = torch::tensor({3, 0, 0}, torch::kLong);
  return {
      {"view",
       [](const Tensor& x) {
         return x.view({-1, 2, 2, 6}).reshape({-1, 4});
       }},
      {"flatten_middle", [](const Tensor& x) { return x.flatten(1, 2); }},
      {"unflatten",
       [](const Tensor& x) {
         return x.unflatten(1, {2, 2});
       }},
      {"squeeze", [](const Tensor& x) { return x.unsqueeze(-1).squeeze(-1).unsqueeze(1).squeeze(1); }},
      {"permute",
       [](const Tensor& x) {
         return x.permute({0, 2, -1, 1}).transpose(-1, 1).contiguous();
       }},
      {"expand",
       [](const Tensor& x) {
         return channels.view({1, 4, 1, 1}).expand({-1, 4, 3, 1}).expand_as(x.slice(2, 0, 3)) * 2;
       }},
      {"reshape_as", [](const Tensor& x) { return x.flatten(1).reshape_as(x).view_as(x); }},
      {"like", [](const Tensor& x) { return torch::zeros_like(x) + torch::ones_like(x) * torch::full_like(x, 3) + x; }},
      {"repeat",
       [](const Tensor& x) {
         return x.repeat({2, 1, 1, 1, 2});
       }},
      {"cat",
       [](const Tensor& x) {
         return torch::cat({x, x * 2}, -3) + torch::stack({x, x}, 1).flatten(1, 2);
       }},
      {"slice", [](const Tensor& x) { return x.slice(2, 1, -1).slice(-1, 0, 4, 2); }},
      {"narrow", [](const Tensor& x) { return x.narrow(1, 1, 2) + x.select(1, -1).unsqueeze(1); }},
      {"chunk", [](const Tensor& x) { return x.chunk(2, 1)[1] - x.chunk(2, 2)[0].mean(); }},
      {"split",
       [](const Tensor& x) {
         return x.split(3, 1)[1] + x.split_with_sizes({1, 3}, 1)[0];
       }},
      {"unbind", [](const Tensor& x) { return x.unbind(1)[2]; }},
      {"roll",
       [](const Tensor& x) {
         return x.roll({1, -2}, {1, 3});
       }},
      {"flip",
       [](const Tensor& x) {
         return x.flip({1, 3});
       }},
      {"pad",
       [](const Tensor& x) {
         return torch::constant_pad_nd(x, {1, 2, 0, 3}, 0.5);
       }},
      {"pad_reflect",
       [](const Tensor& x) {
         return torch::reflection_pad2d(x, {1, 2, 0, 3});
       }},
      {"pad_replicate",
       [](const Tensor& x) {
         return torch::pad(x, c10::IntArrayRef{1, 2, 0, 3}, "replicate");
       }},
      {"pad_replicate3d",
       [](const Tensor& x) {
         return torch::replication_pad3d(x.unsqueeze(2), {1, 2, 0, 3, 1, 1});
       }},
      {"index_select", [=](const Tensor& x) { return x.index_select(1, picks); }},
      {"index",
       [=](const Tensor& x) {
         return x.index({torch::indexing::Slice(), picks});
       }},
      {"gather",
       [=](const Tensor& x) { return x.flatten(2).gather(1, torch::zeros_like(x.flatten(2), torch::kLong)); }},
      {"index_add", [=](const Tensor& x) { return x.index_add(1, picks, x.slice(1, 1)); }},
      {"scatter_add", [=](const Tensor& x) { return x.scatter_add(1, torch::ones_like(x, torch::kLong), x); }}};
}

Traceable traceable(const OperatorCase& item, torch::nn::Module& empty) {
  std::vector<std::string> open{"batch", "", "height", "width"};
  const auto rank = static_cast<size_t>(item.function(torch::zeros({1, 4, 6, 8})).dim());
  std::vector<std::string> result(rank);
  for (size_t axis = 0; axis < rank; ++axis) result[axis] = fmt::format("out_{}", axis);
  return {.name = item.name,
          .module = empty,
          .forward = [&](const std::vector<Tensor>& x) { return item.function(x[0]); },
          .inputs = {{"image", open}},
          .examples = {torch::linspace(-2, 2, 4 * 6 * 8).view({1, 4, 6, 8})},
          .output = {"prediction", result}};
}

TEST(OnnxOperators, AgreeWithLibTorchAtAnotherSize) {
  MEDVOL_NEEDS_ONNXRUNTIME();
  const torch::NoGradGuard no_grad;
  const tests::TemporaryFolder folder;
  const Tensor x = torch::sin(torch::arange(2 * 4 * 12 * 10).to(torch::kFloat)).view({2, 4, 12, 10}) * 2;
  torch::nn::Module empty;
  std::vector<OperatorCase> cases;
  for (const auto& group : {arithmetic(), activations(), reductions(), layers(), shapes()})
    cases.insert(cases.end(), group.begin(), group.end());
  std::vector<tests::OnnxJob> jobs;
  for (const OperatorCase& item : cases) {
    SCOPED_TRACE(item.name);
    const auto path = folder / fmt::format("{}.onnx", item.name);
    try {
      write_onnx(traceable(item, empty), path, {});
      jobs.push_back({path, {{"image", x}}});
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
  ASSERT_FALSE(HasFailure());
  const auto outputs = tests::run_onnx(jobs);
  for (size_t i = 0; i < cases.size(); ++i)
    EXPECT_LE(tests::relative_difference(outputs[i].at("prediction"), cases[i].function(x)), 1e-5) << cases[i].name;
}

TEST(OnnxOperators, OneWithoutAFormIsNamedInOneLine) {
  const tests::TemporaryFolder folder;
  torch::nn::Module empty;
  const OperatorCase item{"Strange", [](const Tensor& x) { return torch::lgamma(x); }};
  try {
    write_onnx(traceable(item, empty), folder / "m.onnx", {});
    FAIL();
  } catch (const core::UserError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("Strange uses the operator aten::lgamma"), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "m.onnx"));
}

}  // namespace
}  // namespace medvol::networks
