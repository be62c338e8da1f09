#pragma once
#include <ATen/core/Tensor.h>

#include <opencv2/core.hpp>

#include "reports/figures/canvas.h"

namespace medvol::reports {

/// Draws anti-aliased RGB pixels with OpenCV, in the light theme. Characters its Hershey fonts lack (±, –, ², …) are
/// replaced by their nearest ASCII.
class PixelCanvas : public Canvas {
 public:
  /// Size in canvas units; `scale` pixels a unit.
  PixelCanvas(double width, double height, double scale = 1);
  /// Draws on a copy of an RGB picture (CV_8UC3).
  explicit PixelCanvas(const cv::Mat& rgb);

  void rectangle(const Rectangle& area, const Paint& fill) override;
  void polygon(const std::vector<Point>& corners, const Paint& fill) override;
  void polyline(const std::vector<Point>& points, const Stroke& stroke) override;
  void disc(Point centre, double radius, const Paint& fill) override;
  void text(Point at, const std::string& text, const TextStyle& style) override;
  double text_width(const std::string& text, const TextStyle& style) const override;

  const cv::Mat& pixels() const { return pixels_; }
  /// uint8 [H, W, 3], RGB.
  at::Tensor picture() const;

 private:
  cv::Mat pixels_;
  double scale_ = 1;
};

/// uint8 [H, W, 3] copy of an RGB CV_8UC3 picture.
at::Tensor to_tensor(const cv::Mat& rgb);

}  // namespace medvol::reports
