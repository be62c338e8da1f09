#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>

#include "framework/imaging/volume.h"

namespace medvol::reports {

/// What an overlay shows.
struct Overlay {
  at::Tensor image;            ///< [C, D, H, W] or [D, H, W], any type; undefined: a flat background
  at::Tensor reference;        ///< int [D, H, W]; undefined: no outline
  at::Tensor prediction;       ///< int [D, H, W]; undefined: no outline
  imaging::Geometry geometry;  ///< of the grid all three share; its direction finds the anatomical planes
  std::map<int64_t, std::string> class_names;  ///< foreground classes, for the legend; other labels are not drawn
  std::string title;                           ///< a line above, e.g. "case_07 · Dice 0.87"
  int64_t channel = 0;                         ///< of the image
  int64_t plane_height = 380;                  ///< pixels of the largest plane's longer side
};

/// Axial, coronal and sagittal plane through the centroid of the reference's foreground (of the prediction's where the
/// reference is empty, else the middle; moved to the nearest plane with foreground where the centroid lies outside), in
/// radiological convention (patient's left on the right), pixels square in millimetres, window from the 1st to the 99th
/// percentile of the voxels above the image's least value. Reference outlined in solid green, prediction in a thinner
/// orange over it, each class of the prediction (without one, of the reference) tinted with its colour; below, a legend
/// of the classes that are to be seen. A 2D image gives its one plane, a few slices no plane across them. Returns uint8
/// [H, W, 3], RGB.
/// Throws core::UserError when the sizes differ.
at::Tensor draw_overlay(const Overlay& overlay);

/// draw_overlay() as the bytes of a PNG file.
std::string overlay_png(const Overlay& overlay);

}  // namespace medvol::reports
