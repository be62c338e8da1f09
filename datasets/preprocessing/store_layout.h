#pragma once
#include <string>

/// Names inside the store, shared by who writes and who reads it.
namespace medvol::datasets::store_layout {

inline const std::string image = "image";             ///< tensor, float16 [C, D, H, W]
inline const std::string labels = "labels";           ///< tensor, uint8 [D, H, W]; in a cascade [2, D, H, W]
inline const std::string foreground = "foreground_";  ///< tensors, int64 [n]; the structure's number follows
inline const std::string transform = "transform";     ///< attribute, GridTransform
inline const std::string source = "source";           ///< attribute: sizes and checksums of the files it was made from
inline const std::string recipe = "recipe";           ///< attribute: hash of every preprocessing option

}  // namespace medvol::datasets::store_layout
